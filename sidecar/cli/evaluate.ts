// `rpg evaluate RUN`: the table that tells what the generated networks are worth.
import colors from 'picocolors';
import type { EvaluateRunResult, EvaluationRow } from '../../protocol/evaluation';
import { describeGeneration } from '../app/evaluate/evaluateRun';
import type { Cli, CliCommand } from './cliCommand';
import { formatNumber, formatPercent, formatTable } from './format';
import { formatDuration } from './trainingBar';

export const evaluateCommand: CliCommand<'evaluateRun'> = { print: printResult };

function printResult(result: EvaluateRunResult, cli: Cli): void {
  const { evaluation, generation } = result;
  const samples =
    evaluation.test.samples === null ? '' : ` on ${evaluation.test.samples.toLocaleString('en-US')} samples`;
  cli.print(`${colors.bold(result.run)}  ${evaluation.test.title}${samples}`);
  cli.print();
  cli.print(formatTable(columns, evaluation.rows.map(rowCells)));
  cli.print();
  cli.print(
    colors.dim(
      'IoU: overlap of the wrongly classified samples. Distance: to the nearest training checkpoint, in units of the',
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

const right = 'right' as const;
const noveltyTau = 2;
const columns = [
  { title: 'group' },
  { title: 'n', align: right },
  { title: 'best', align: right },
  { title: 'mean', align: right },
  { title: 'min', align: right },
  { title: 'sd', align: right },
  { title: 'max IoU', align: right },
  { title: 'IoU inside', align: right },
  { title: 'distance', align: right },
  { title: 'novel', align: right },
];

function rowCells(row: EvaluationRow): string[] {
  const accuracy = (value: number | undefined): string => (value === undefined ? '—' : (100 * value).toFixed(2));
  const share = row.novelty.find(({ tau }) => tau === noveltyTau)?.share;
  return [
    row.title,
    row.failed > 0 ? `${row.count} (${row.failed} failed)` : String(row.count),
    accuracy(row.accuracy?.best),
    accuracy(row.accuracy?.mean),
    accuracy(row.accuracy?.min),
    accuracy(row.accuracy?.sd),
    row.maxIouWithOriginals?.toFixed(3) ?? '—',
    row.iouInside?.toFixed(3) ?? '—',
    formatNumber(row.nearestDistanceRatio),
    share === undefined ? '—' : formatPercent(share),
  ];
}
