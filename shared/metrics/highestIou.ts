// The most alike original: the highest intersection over union of wrong predictions that a network has with any of them.
import { meanOfKnown } from '../statistics';
import { fixed } from '../words';
import { maxIou } from '../wrongPredictions';
import type { Metric } from './metric';

const column = {
  id: 'max-iou',
  title: 'Max IoU',
  name: 'max IoU with originals',
  format: fixed(3),
  isAlwaysShown: true,
} as const;

export const highestIou: Metric = {
  id: 'highestIou',
  ofNetwork: ({ wrong, wrongOfOriginals }) => ({
    maxIouWithOriginals: wrong ? maxIou(wrong, wrongOfOriginals, null) : null,
  }),
  ofGroup: ({ networks }) => ({
    maxIouWithOriginals: meanOfKnown(networks.map(network => network.maxIouWithOriginals)),
  }),
  networkColumns: [
    {
      ...column,
      help: 'Highest IoU of wrong predictions with an original',
      value: network => network.maxIouWithOriginals,
    },
  ],
  rowColumns: [
    {
      ...column,
      help: 'Mean of each network’s highest IoU of wrong predictions with an original',
      section: 'similarity',
      value: row => row.maxIouWithOriginals,
    },
  ],
};
