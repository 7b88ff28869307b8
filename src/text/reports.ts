// Reports as text documents: what a command line would print, in an editor where it can be searched, compared and saved.
import type { DifferenceReport, FolderReport } from '../../protocol/checkpoints';
import type { BenchmarkResult } from '../../protocol/training';
import type { Report } from '../../protocol/report';
import { isEmptyReport } from '../../protocol/report';
import { reportCell } from '../../shared/reportCell';
import { alignColumns } from '../../shared/textTable';
import { formatCount, formatNumber, percent, plural, shortPercent } from '../../shared/words';

/** A table with aligned columns; numbers to the right. */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const aligned = alignColumns(header, rows, right);
  return [aligned.header, aligned.widths.map(width => '─'.repeat(width)).join('  '), ...aligned.lines].join('\n');
}

/** A descriptor's report: its title, facts, tables and notes. */
export function reportText(report: Report): string {
  const { title, facts = [], tables = [], notes = [], whenEmpty } = report;
  if (whenEmpty !== undefined && isEmptyReport(report)) return `${title}\n\n${whenEmpty}\n`;
  const parts = [
    facts.map(([name, value, format]) => `${name}: ${cellText(value, format)}`).join('\n'),
    ...tables.map(({ columns, rows }) =>
      textTable(
        columns.map(column => column.title),
        rows.map(row => row.map((cell, index) => cellText(cell, columns[index]?.format))),
        new Set(columns.flatMap(({ format = 'text' }, index) => (format === 'text' ? [] : [index]))),
      ),
    ),
    notes.join('\n'),
  ];
  return `${[title, ...parts.filter(part => part !== '')].join('\n\n')}\n`;
}

const cellText = (...cell: Parameters<typeof reportCell>): string => printable(reportCell(...cell));

export function differenceText(report: DifferenceReport): string {
  const rows = report.tensors.map(tensor => [
    printable(tensor.name),
    tensor.status === 'shape-differs'
      ? `[${tensor.shapeA?.join(', ') ?? ''}] ≠ [${tensor.shapeB?.join(', ') ?? ''}]`
      : tensor.status,
    formatNumber(tensor.distance),
    formatNumber(tensor.relativeDistance),
    tensor.cosine === null ? '—' : tensor.cosine.toFixed(6),
    tensor.largestChange ? `[${tensor.largestChange.index.join(', ')}] ${change(tensor.largestChange)}` : '',
  ]);
  const verdict = report.isEqual
    ? 'The checkpoints are equal.'
    : `Distance ${formatNumber(report.distance)}, cosine ${report.cosine === null ? '—' : report.cosine.toFixed(6)} over all comparable tensors.`;
  const header = ['tensor', 'status', 'distance', 'relative', 'cosine', 'largest change'];
  return `a: ${printable(report.a)}\nb: ${printable(report.b)}\n\n${verdict}\n\n${textTable(header, rows, new Set([2, 3, 4]))}\n`;
}

export function benchmarkText(result: BenchmarkResult, sampleSteps: number): string {
  const { preset, nTokens, description, stepMs, sampleMs, peakBytes, profile } = result;
  const rows = [
    ['training step, median', `${stepMs.median.toFixed(2)} ms`],
    ['of ten, the fastest and slowest are beyond', `${stepMs.p10.toFixed(2)} and ${stepMs.p90.toFixed(2)} ms`],
    ...(sampleMs === null ? [] : [[`one network in ${sampleSteps} DDIM steps`, `${(sampleMs / 1000).toFixed(3)} s`]]),
    ['peak of memory', `${(peakBytes / 2 ** 30).toFixed(2)} GiB`],
    ...(profile === null
      ? []
      : [
          ['recurrent model', `${profile.parts.recurrent.toFixed(2)} ms`],
          ['diffusion', `${profile.parts.diffusion.toFixed(2)} ms`],
          ['optimizer', `${profile.parts.optimizer.toFixed(2)} ms`],
          ['speed', `${profile.teraflops.toFixed(1)} TFLOP/s`],
          ['of the counted floor', `${percent(profile.floorShare)} of ${profile.floorMs.toFixed(2)} ms`],
        ]),
  ];
  return `${preset}, ${plural(nTokens, 'token')}, on ${description}\n\n${textTable(['measured', ''], rows, new Set([1]))}\n`;
}

export function folderReportText(report: FolderReport): string {
  const { parameters, tokens, problems, accuracy } = report;
  const facts = [
    printable(report.path),
    `${plural(report.nCheckpoints, 'checkpoint')}, ${plural(report.nSkipped, 'other file')}`,
    `${plural(report.nWeights, 'weight')} to generate, ${plural(report.nFixed, 'fixed value')}`,
    ...(accuracy
      ? [
          `accuracy in the file names: best ${percent(accuracy.best)}, mean ${percent(accuracy.mean)}, min ${percent(accuracy.min)}`,
        ]
      : []),
    `fingerprint ${report.fingerprint}`,
  ];
  const parameterRows = parameters.map(({ name, shape, dtype, kind, mean, std }) => [
    printable(name),
    `[${shape.join(', ')}]`,
    dtype,
    kind,
    formatNumber(mean),
    formatNumber(std),
  ]);
  const tokenRows = tokens.map(({ dimPerToken, nTokens, paddingShare, isSuggested }) => [
    formatCount(dimPerToken),
    formatCount(nTokens),
    shortPercent(paddingShare),
    isSuggested ? 'suggested' : '',
  ]);
  return [
    ...facts,
    '',
    problems.length === 0
      ? 'No problems.'
      : `Problems:\n${problems.map(problem => `  ${printable(problem)}`).join('\n')}`,
    '',
    textTable(['parameter', 'shape', 'type', 'kind', 'mean', 'std'], parameterRows, new Set([4, 5])),
    '',
    textTable(['weights a token', 'tokens', 'padding', ''], tokenRows, new Set([0, 1, 2])),
    '',
  ].join('\n');
}

/** With as many digits as it takes to see the change; float32 has nine. */
function change({ a, b }: { a: number; b: number }): string {
  if (formatNumber(a) !== formatNumber(b)) return `${formatNumber(a)} → ${formatNumber(b)}`;
  const digits = [5, 6, 7, 8].find(count => a.toPrecision(count) !== b.toPrecision(count)) ?? 9;
  return `${a.toPrecision(digits)} → ${b.toPrecision(digits)}`;
}

/** Names come from files: line breaks and control characters would tear the table. */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
