// Tables as a terminal shows them.
import colors from 'picocolors';
import { alignColumns } from '../../shared/textTable';
import { printable } from '../checkpoint/errors';

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** A table without rules: a dim header, columns two spaces apart. Text from files is made safe to print. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const right = new Set(columns.flatMap(({ align }, index) => (align === 'right' ? [index] : [])));
  const titles = columns.map(column => column.title);
  const safe = rows.map(row => row.map(printable));
  const { header, lines } = alignColumns(titles, safe, right);
  return [colors.dim(header), ...lines].join('\n');
}
