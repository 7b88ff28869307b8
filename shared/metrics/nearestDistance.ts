// How far a network's weights are from those of the nearest original, in the weights' own units and in the originals' own
// distances from one another.
import { meanOfKnown } from '../statistics';
import { significant } from '../words';
import type { Metric } from './metric';

export const nearestDistance: Metric = {
  id: 'nearestDistance',
  ofNetwork: ({ nearest }) => ({ nearestDistance: nearest?.distance ?? null, nearest: nearest?.name ?? null }),
  ofGroup: ({ networks, originals: { leaveOneOutMedian } }) => {
    const mean = meanOfKnown(networks.map(network => network.nearestDistance));
    const isKnown = mean !== null && leaveOneOutMedian !== null && leaveOneOutMedian !== 0;
    return { nearestDistance: mean, nearestDistanceRatio: isKnown ? mean / leaveOneOutMedian : null };
  },
  networkColumns: [
    {
      id: 'distance',
      title: 'Distance',
      name: 'nearest distance',
      help: 'To the nearest original',
      format: significant,
      isAlwaysShown: true,
      value: network => network.nearestDistance,
    },
    {
      id: 'nearest',
      title: 'Nearest original',
      name: 'nearest original',
      isAlwaysShown: true,
      value: network => network.nearest,
    },
  ],
  rowColumns: [
    {
      id: 'distance',
      title: 'Distance',
      name: 'nearest distance',
      help: 'Mean Euclidean distance to the nearest original',
      format: significant,
      section: 'similarity',
      isAlwaysShown: true,
      isLeftOutInTerminal: true,
      value: row => row.nearestDistance,
    },
    {
      id: 'distance-ratio',
      title: '÷ leave-one-out',
      name: 'nearest distance ratio',
      help: 'That distance over the originals’ leave-one-out median',
      format: significant,
      section: 'similarity',
      isAlwaysShown: true,
      value: row => row.nearestDistanceRatio,
    },
  ],
};
