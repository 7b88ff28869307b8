// What is wrong with a single network: weights that cannot be, and a test that failed.
import type { Metric } from './metric';

export const problems: Metric = {
  id: 'problems',
  ofNetwork: ({ defects, failure }) => ({ ...defects, failure }),
  networkColumns: [
    {
      id: 'not-finite',
      title: 'Not finite',
      name: 'NaN or infinite',
      help: 'NaN or infinite weights',
      isAlwaysShown: true,
      value: network => network.nonFinite,
    },
    {
      id: 'variances',
      title: 'Variances ≤ 0',
      name: 'variances not positive',
      help: 'Batch-norm variances that are not positive',
      isAlwaysShown: true,
      value: network => network.nonPositiveVariances,
    },
    { id: 'failure', title: 'Failure', name: 'failure', isAlwaysShown: true, value: network => network.failure },
  ],
  rowColumns: [],
};
