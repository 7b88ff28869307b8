// Mean cross entropy of a network on the test set, in nats, where the test tells it.
import { meanOfKnown } from '../statistics';
import { fixed } from '../words';
import type { Metric } from './metric';

const column = {
  id: 'loss',
  title: 'Loss',
  help: 'Mean cross entropy in nats',
  format: fixed(3),
  isAlwaysShown: true,
} as const;

export const loss: Metric = {
  id: 'loss',
  ofNetwork: ({ outcome }) => ({ loss: outcome?.loss ?? null }),
  ofGroup: ({ networks }) => ({ meanLoss: meanOfKnown(networks.map(network => network.loss)) }),
  networkColumns: [{ ...column, name: 'loss', value: network => network.loss }],
  rowColumns: [
    { ...column, name: 'loss mean', section: 'accuracy', isLeftOutInTerminal: true, value: row => row.meanLoss },
  ],
};
