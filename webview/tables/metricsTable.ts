// Points of the training curves as rows: all of them for a file, an even choice for a reader.
import type { RunView } from '../../protocol/view';
import type { Series } from '../charts/series';
import { formatCount, significant } from '../../shared/words';
import type { Cell, TableModel } from '../../shared/table';

/** At most about `mostRows` points of every run, always with its first and last. */
export function metricsTable(
  runs: readonly { readonly view: RunView; readonly series: Series }[],
  mostRows: number,
): TableModel {
  const isCompared = runs.length > 1;
  const cell = (value: number): Cell => (Number.isNaN(value) ? null : value);
  const rows = runs.flatMap(({ view, series }) => {
    const stride = Math.max(1, Math.ceil(series.length / mostRows));
    const indices: number[] = [];
    for (let index = 0; index < series.length; index += stride) indices.push(index);
    if (series.length > 0 && indices.at(-1) !== series.length - 1) indices.push(series.length - 1);
    return indices.map((index): Cell[] => [
      series.steps.at(index),
      ...(isCompared ? [view.summary.id] : []),
      cell(series.loss.at(index)),
      cell(series.smoothLoss.at(index)),
      cell(series.learningRate.at(index)),
    ]);
  });
  return {
    id: 'metrics',
    title: 'Loss and learning rate by training step',
    columns: [
      { title: 'Step', format: formatCount },
      ...(isCompared ? [{ title: 'Run' }] : []),
      { title: 'Loss', format: significant },
      { title: 'Smoothed', format: significant },
      { title: 'Learning rate', format: significant },
    ],
    rows,
  };
}
