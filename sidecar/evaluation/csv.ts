// Tables and the IoU matrix as CSV (RFC 4180), for spreadsheets and scripts. Full precision; an unknown value is empty.
import type { EvaluationResult } from '../../protocol/evaluation';

type Cell = string | number | null | undefined;

/** Rows of cells as text with CRLF line ends. */
export function csv(rows: readonly (readonly Cell[])[]): string {
  return rows.map(row => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  // A file name that begins like a formula would be executed by a spreadsheet: an apostrophe makes it text.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The table of groups, one line each. */
export function groupTable(result: EvaluationResult): (readonly Cell[])[] {
  const taus = result.rows[0]?.novelty.map(({ tau }) => tau) ?? [];
  return [
    [
      'group',
      'networks',
      'failed',
      'accuracy best',
      'accuracy mean',
      'accuracy min',
      'accuracy sd',
      'loss mean',
      'max IoU with originals',
      'IoU inside',
      'IoU with originals',
      'nearest distance',
      'nearest distance ratio',
      ...taus.map(tau => `performant and novel at ${tau}`),
    ],
    ...result.rows.map(row => [
      row.group,
      row.count,
      row.failed,
      row.accuracy?.best,
      row.accuracy?.mean,
      row.accuracy?.min,
      row.accuracy?.sd,
      row.meanLoss,
      row.maxIouWithOriginals,
      row.iouInside,
      row.iouWithOriginals,
      row.nearestDistance,
      row.nearestDistanceRatio,
      ...row.novelty.map(({ share }) => share),
    ]),
  ];
}

/** The table of networks, one line each. */
export function networkTable(result: EvaluationResult): (readonly Cell[])[] {
  return [
    [
      'network',
      'group',
      'accuracy',
      'loss',
      'max IoU with originals',
      'nearest distance',
      'nearest original',
      'NaN or infinite',
      'variances not positive',
      'failure',
    ],
    ...result.networks.map(network => [
      network.name,
      network.group,
      network.accuracy,
      network.loss,
      network.maxIouWithOriginals,
      network.nearestDistance,
      network.nearest,
      network.nonFinite,
      network.nonPositiveVariances,
      network.failure,
    ]),
  ];
}

/** The IoU matrix with names along both sides; only the header where there is none. */
export function iouTable(result: EvaluationResult): (readonly Cell[])[] {
  const { iou } = result;
  if (iou === null) return [['network']];
  return [['network', ...iou.names], ...iou.values.map((row, index) => [iou.names[index], ...row])];
}
