// Share of the test samples a network gets right; of a group best, mean, lowest and spread.
import { summarise } from '../statistics';
import { percent } from '../words';
import type { Metric } from './metric';

export const accuracy: Metric = {
  id: 'accuracy',
  ofNetwork: ({ outcome }) => ({ accuracy: outcome?.accuracy ?? null }),
  ofGroup: ({ networks }) => ({
    accuracy: summarise(networks.flatMap(network => (network.accuracy === null ? [] : [network.accuracy]))),
  }),
  networkColumns: [
    {
      id: 'accuracy',
      title: 'Accuracy',
      name: 'accuracy',
      help: 'On the test set',
      format: percent,
      isAlwaysShown: true,
      value: network => network.accuracy,
    },
  ],
  rowColumns: [
    {
      id: 'best',
      title: 'Best',
      name: 'accuracy best',
      help: 'Highest accuracy of the group',
      format: percent,
      section: 'accuracy',
      isAlwaysShown: true,
      value: row => row.accuracy?.best ?? null,
    },
    {
      id: 'mean',
      title: 'Mean',
      name: 'accuracy mean',
      help: 'Mean accuracy of the group',
      format: percent,
      section: 'accuracy',
      isAlwaysShown: true,
      value: row => row.accuracy?.mean ?? null,
    },
    {
      id: 'min',
      title: 'Min',
      name: 'accuracy min',
      help: 'Lowest accuracy of the group',
      format: percent,
      section: 'accuracy',
      isAlwaysShown: true,
      value: row => row.accuracy?.min ?? null,
    },
    {
      id: 'sd',
      title: 'Sd',
      name: 'accuracy sd',
      help: 'Unbiased standard deviation of the accuracy',
      format: percent,
      section: 'accuracy',
      isAlwaysShown: true,
      value: ({ accuracy: summary }) => (summary && summary.count > 1 ? summary.sd : null), // a single value has none
    },
  ],
};
