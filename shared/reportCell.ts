// A value of a descriptor's report as the terminal and the editor both write it. What makes text safe to show is each side's own.
import type { Cell, CellFormat } from '../protocol/report';
import { formatBytes, formatCount, formatNumber, unknown } from './words';

export function reportCell(cell: Cell, format: CellFormat = 'text'): string {
  if (cell === null) return unknown;
  if (typeof cell === 'string') return cell;
  switch (format) {
    case 'number':
      return formatNumber(cell);
    case 'count':
      return formatCount(cell);
    case 'bytes':
      return formatBytes(cell);
    case 'text':
    case 'plain':
      return String(cell);
    default:
      return format satisfies never;
  }
}
