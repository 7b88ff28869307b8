// `rpg evaluate RUN`: the table that tells what the generated networks are worth.
import colors from 'picocolors';
import { formatDuration } from '../../shared/words';
import type { EvaluateRunParams, EvaluateRunResult, EvaluationRow } from '../../protocol/evaluation';
import { countText, rowColumns } from '../../shared/metrics/columns';
import { cellText } from '../../shared/table';
import { describeGeneration, evaluateRun } from '../app/evaluate/evaluateRun';
import type { Cli, CliCommand } from './cliCommand';
import { realNumber, wholeNumber } from './deviceOptions';
import { formatTable } from './format';

interface Options extends Omit<EvaluateRunParams, 'run' | 'test' | 'weightsOnly' | 'timeLimitSeconds'> {
  /** False: --no-test. */
  test?: string | false;
  timeLimit?: number;
  json?: boolean;
}

export const evaluateCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('evaluate')
      .description('judge generated networks: accuracy, similarity, novelty, beside trivial baselines')
      .argument('<run>', 'id, number, part of the id, or last')
      .option(
        '--generated <folder>',
        'networks to judge (default: those generated last; ten new ones where there are none)',
      )
      .option('--count <n>', 'how many to generate where there are none', wholeNumber)
      .option('--report <file>', 'write a self-contained HTML report')
      .option('--csv <folder>', 'write tables and the similarity matrix as CSV')
      .option('--test <command>', 'how a checkpoint is tested, such as "python test.py {file}"')
      .option('--no-test', 'compare weights only: distances, spread and health')
      .option('--time-limit <seconds>', 'of one test (default: 600)', realNumber)
      .option('--concurrency <n>', 'tests at the same time (default: 2)', wholeNumber)
      .option('--accuracy-pattern <regexp>', 'its first group is the accuracy in the test’s output')
      .option(
        '--networks-per-baseline <n>',
        'networks made of each trivial baseline; 0: none (default: 10)',
        wholeNumber,
      )
      .option('--midpoints <n>', 'midpoints towards the nearest checkpoint to test (default: 10)', wholeNumber)
      .option('--seed <n>', 'of the baselines', wholeNumber)
      .option('--json', 'print JSON')
      .action(async (run: string, options: Options) => {
        const { json, timeLimit, test, ...rest } = options;
        const params = test === false ? { ...rest, weightsOnly: true } : { ...rest, test };
        const result = await cli.run(
          evaluateRun,
          { ...params, run, timeLimitSeconds: timeLimit },
          { title: 'Evaluating', json },
        );
        if (json) cli.printJson(result);
        else printResult(result, cli);
      });
  },
};

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
