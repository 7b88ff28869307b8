// The columns of all metrics, and the tables made from them: header and cells of a table come from one list, so that none can
// be taken for another.
import type { EvaluatedNetwork, EvaluationRow } from '../../protocol/evaluation';
import type { Cell } from '../table';
import type { Metric, MetricColumn, RowColumn } from './metric';
import { metrics } from './registry';

/** Of a table of networks: those that are always shown, and those of which some network knows a value. */
export const networkColumns = (networks: readonly EvaluatedNetwork[]): MetricColumn<EvaluatedNetwork>[] =>
  known(
    metrics.flatMap(metric => metric.networkColumns),
    networks,
  );

/** As `networkColumns`, of a table of groups; of the given sections only, where some are given. */
export const rowColumns = (
  rows: readonly EvaluationRow[],
  sections: readonly RowColumn['section'][] = ['accuracy', 'similarity', 'novelty'],
): RowColumn[] =>
  known(
    metrics.flatMap(metric => metric.rowColumns.filter(({ section }) => sections.includes(section))),
    rows,
  );

/** How many networks a group has, and how many of them the test failed on. */
export const countColumns: readonly MetricColumn<EvaluationRow>[] = [
  { id: 'count', title: 'Count', name: 'networks', value: row => row.count },
  { id: 'failed', title: 'Failed', name: 'failed', help: 'Networks the test failed on', value: row => row.failed },
];

/** `10 (2 failed)`, where both share a cell. */
export const countText = ({ count, failed }: EvaluationRow): string =>
  failed > 0 ? `${count} (${failed} failed)` : String(count);

/** The cells of one row, in the order of the columns. */
export const cellsOf = <Row>(columns: readonly MetricColumn<Row>[], row: Row): Cell[] =>
  columns.map(column => column.value(row));

function known<Row, Column extends MetricColumn<Row>>(columns: readonly Column[], rows: readonly Row[]): Column[] {
  return columns.filter(column => column.isAlwaysShown === true || rows.some(row => column.value(row) !== null));
}

/** Metrics, or columns of one table, of the same id: both places of each. Empty where all is well. @internal */
export function duplicateIds(checked: readonly Metric[]): string[] {
  const places = checked.map(({ id }, index) => `metric ${index + 1} of the registry (${id})`);
  const named = (kind: string, idsOf: (metric: Metric) => readonly string[]): string[] => {
    const first = new Map<string, string>();
    return checked.flatMap((metric, index) =>
      idsOf(metric).flatMap(id => {
        const place = places[index]!;
        const other = first.get(id);
        first.set(id, other ?? place);
        return other === undefined ? [] : [`${kind} "${id}" is in ${other} and again in ${place}; give one another id`];
      }),
    );
  };
  return [
    ...named('the metric', ({ id }) => [id]),
    ...named('the column of networks', metric => metric.networkColumns.map(({ id }) => id)),
    ...named('the column of groups', metric => metric.rowColumns.map(({ id }) => id)),
  ];
}
