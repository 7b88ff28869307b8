// RFC 4180: a header line, CRLF, quotes where needed. Numbers keep all their digits.
import type { Cell, TableModel } from '../tables/tableModel';

export const csvText = (model: TableModel): string =>
  [model.columns.map(column => column.title), ...model.rows].map(row => `${row.map(field).join(',')}\r\n`).join('');

function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  // A file's name may begin like a formula, which a spreadsheet would compute; an apostrophe makes it text.
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
