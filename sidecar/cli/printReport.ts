// A descriptor's report on a terminal: facts, tables and notes as every command writes them.
import type { Report, ReportTable } from '../../protocol/report';
import { reportCell } from '../../shared/reportCell';
import type { Cli } from './cliCommand';
import { formatTable } from './format';

export function printReport({ facts = [], tables = [], notes = [] }: Report, cli: Cli): void {
  for (const [name, value, format] of facts) cli.print(`${name}: ${reportCell(value, format)}`);
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
    rows.map(row => row.map((cell, index) => reportCell(cell, columns[index]?.format))),
  );
}
