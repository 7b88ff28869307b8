// A table as data. The same model is shown, sorted, exported as CSV, JSON and XLSX, and stands behind every plot.
import { once } from './once';

export type Cell = string | number | null;

export interface Column {
  readonly title: string;
  /** How a number of this column reads; its full digits are exported. */
  readonly format?: (value: number) => string;
  /** What the column means, for a tooltip. */
  readonly help?: string;
}

export interface TableModel {
  /** Names the table in preferences, files and sheets: kebab-case, at most 31 characters. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A cell as shown. */
export const cellText = (cell: Cell, column: Column): string =>
  cell === null ? '—' : typeof cell === 'string' ? cell : (column.format?.(cell) ?? String(cell));

const collator = once(() => new Intl.Collator('en', { numeric: true }));

/** Order of two cells, unknown ones last whichever way the column is sorted. */
export function compareCells(a: Cell, b: Cell, isDescending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator().compare(String(a), String(b));
  return isDescending ? -order : order;
}
