// `rpg evaluate RUN`: the table that tells what the generated networks are worth.
import colors from 'picocolors';
import type { EvaluateRunResult, EvaluationRow } from '../../protocol/evaluation';
import { countText, rowColumns } from '../../shared/metrics/columns';
import { formatDuration } from '../../shared/words';
import { cellText } from '../../shared/table';
import { describeGeneration } from '../app/evaluate/evaluateRun';
import type { Cli, CliCommand } from './cliCommand';
import { formatTable } from './format';

export const evaluateCommand: CliCommand<'evaluateRun'> = { print: printResult };

function printResult(result: EvaluateRunResult, cli: Cli): void {
  const { evaluation, generation } = result;
  const samples =
    evaluation.test.samples === null ? '' : ` on ${evaluation.test.samples.toLocaleString('en-US')} samples`;
  cli.print(`${colors.bold(result.run)}  ${evaluation.test.title}${samples}`);
  cli.print();
  cli.print(groupTable(evaluation.rows));
  cli.print();
  cli.print(
    colors.dim(
      'IoU: overlap of the wrongly classified samples. ÷ leave-one-out: distance to the nearest training checkpoint, in units of the',
    ),
  );
  cli.print(
    colors.dim(
      'training checkpoints’ own (median, leave-one-out). Novel: within a point of the originals’ mean and at least 2 away.',
    ),
  );
  if (evaluation.verdict) {
    cli.print();
    cli.print(colors.bold(evaluation.verdict));
  }
  const failures = evaluation.networks.filter(network => network.failure !== null);
  for (const network of failures.slice(0, 10))
    cli.note(`${colors.yellow('not tested:')} ${network.name}: ${network.failure ?? ''}`);
  if (failures.length > 10) cli.note(`… and ${failures.length - 10} more (--json lists them all)`);
  for (const note of evaluation.notes) cli.note(note);
  cli.print();
  if (generation) cli.print(`One network was generated in ${describeGeneration(generation)}`);
  cli.print(`Evaluated in ${formatDuration(evaluation.elapsedMs)}; kept in ${result.file}`);
  if (result.report) cli.print(`Report: ${result.report}`);
}

/** The metrics' own columns, as many as a terminal is wide. */
function groupTable(rows: readonly EvaluationRow[]): string {
  const columns = rowColumns(rows).filter(column => column.isLeftOutInTerminal !== true);
  const titles = ['Count', ...columns.map(({ title }) => title)].map(title => ({ title, align: 'right' as const }));
  const cells = rows.map(row => [
    row.title,
    countText(row),
    ...columns.map(column => cellText(column.value(row), column)),
  ]);
  return formatTable([{ title: 'Networks' }, ...titles], cells);
}
