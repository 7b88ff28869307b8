// The tables of an evaluation for spreadsheets and scripts: every column under its full name. Full precision.
import type { EvaluationResult } from '../../protocol/evaluation';
import { cellsOf, countColumns, networkColumns, rowColumns } from '../../shared/metrics/columns';
import type { Cell } from '../../shared/table';

/** The table of groups, one line each. */
export function groupTable({ rows }: EvaluationResult): (readonly Cell[])[] {
  const columns = [...countColumns, ...rowColumns(rows)];
  return [['group', ...columns.map(({ name }) => name)], ...rows.map(row => [row.group, ...cellsOf(columns, row)])];
}

/** The table of networks, one line each. */
export function networkTable({ networks }: EvaluationResult): (readonly Cell[])[] {
  const columns = networkColumns(networks);
  return [
    ['network', 'group', ...columns.map(({ name }) => name)],
    ...networks.map(network => [network.name, network.group, ...cellsOf(columns, network)]),
  ];
}

/** The IoU matrix with names along both sides; only the header where there is none. */
export function iouTable({ iou }: EvaluationResult): (readonly Cell[])[] {
  if (iou === null) return [['network']];
  return [['network', ...iou.names], ...iou.values.map((row, index) => [iou.names[index] ?? null, ...row])];
}
