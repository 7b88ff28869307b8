// What was measured beside the training, as rows; also the tests that told nothing, with the reason.
import type { TestedRun } from '../charts/trainingTests';
import { formatCount, percent } from '../../shared/words';
import type { TableModel } from '../../shared/table';

export function trainingTestsTable(runs: readonly TestedRun[]): TableModel {
  const isCompared = runs.length > 1;
  return {
    id: 'training-tests',
    title: 'Accuracy of generated networks by training step',
    columns: [
      { title: 'Step', format: formatCount },
      ...(isCompared ? [{ title: 'Run' }] : []),
      { title: 'Accuracy', format: percent },
      { title: 'Problem' },
    ],
    rows: runs.flatMap(({ id, tests }) =>
      tests.map(({ step, accuracy, problem }) => [step, ...(isCompared ? [id] : []), accuracy, problem]),
    ),
  };
}
