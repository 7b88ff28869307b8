// How alike the networks of a group are to one another, and to the originals: mean IoU of wrong predictions over all pairs.
import { fixed } from '../words';
import { meanIouBetween, meanIouInside } from '../wrongPredictions';
import type { Metric } from './metric';

export const pairIou: Metric = {
  id: 'pairIou',
  ofGroup: ({ isOriginals, observed, originals }) => {
    const wrong = observed.flatMap(network => network.wrong ?? []);
    return {
      iouInside: meanIouInside(wrong),
      iouWithOriginals: isOriginals ? null : meanIouBetween(wrong, originals.wrong),
    };
  },
  networkColumns: [],
  rowColumns: [
    {
      id: 'iou-inside',
      title: 'IoU inside',
      name: 'IoU inside',
      help: 'Mean IoU over all pairs inside the group',
      format: fixed(3),
      section: 'similarity',
      isAlwaysShown: true,
      value: row => row.iouInside,
    },
    {
      id: 'iou-with-originals',
      title: 'IoU to originals',
      name: 'IoU with originals',
      help: 'Mean IoU over all pairs of a network of the group and an original',
      format: fixed(3),
      section: 'similarity',
      isAlwaysShown: true,
      isLeftOutInTerminal: true,
      value: row => row.iouWithOriginals,
    },
  ],
};
