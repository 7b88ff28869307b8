// Numbers, sizes and tables as people read them.
import colors from 'picocolors';
import { printable } from '../checkpoint/errors';

/** 1536 → '1.5 KB'. Decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]!}`;
}

/** 11689512 → '11,689,512'. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

export function formatNumber(value: number | null): string {
  if (value === null) return '—';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 1e5 || magnitude < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
}

export const formatPercent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

/** A table without rules: a dim header, columns two spaces apart. Text from files is made safe to print. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const safe = rows.map(row => row.map(printable));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...safe.map(row => displayWidth(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index]!, columns[index]!.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [colors.dim(line(columns.map(column => column.title))), ...safe.map(line)].join('\n');
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** East Asian characters take two columns. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  return width;
}
