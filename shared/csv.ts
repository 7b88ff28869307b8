// Tables as CSV (RFC 4180): CRLF, quotes where needed, numbers with all their digits, an unknown value empty.
import type { Cell, TableModel } from './table';

/** Rows of cells as text. */
export function csvText(rows: readonly (readonly (Cell | undefined)[])[]): string {
  return rows.map(row => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** A table under the titles of its columns. */
export const csvOfTable = ({ columns, rows }: TableModel): string =>
  csvText([columns.map(({ title }) => title), ...rows]);

function csvCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  // A file name that begins like a formula would be executed by a spreadsheet: an apostrophe makes it text.
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
