// A descriptor's report on a terminal: facts, tables and notes as every command writes them.
import type { Cell, CellFormat, Report, ReportTable } from '../../protocol/report';
import { formatBytes, formatCount, formatNumber } from '../../shared/words';
import type { Cli } from './cliCommand';
import { formatTable } from './format';

export function printReport({ facts = [], tables = [], notes = [] }: Report, cli: Cli): void {
  for (const [name, value, format] of facts) cli.print(`${name}: ${cellText(value, format)}`);
  tables.forEach((table, index) => {
    if (index > 0 || facts.length > 0) cli.print();
    cli.print(tableText(table));
  });
  for (const note of notes) cli.print(`Note: ${note}`);
}

function tableText({ columns, rows }: ReportTable): string {
  const shown = columns.map(({ title, format = 'text' }) => ({
    title,
    align: format === 'text' ? ('left' as const) : ('right' as const),
  }));
  return formatTable(
    shown,
    rows.map(row => row.map((cell, index) => cellText(cell, columns[index]?.format))),
  );
}

function cellText(cell: Cell, format: CellFormat = 'text'): string {
  if (cell === null) return '—';
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
