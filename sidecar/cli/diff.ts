// `rpg diff A B`: how far two checkpoints are apart. Like diff(1), it exits 0 either way only for programs (--json); for people
// too, since a difference is the expected answer here.
import colors from 'picocolors';
import type { DifferenceReport } from '../../protocol/checkpoints';
import type { Cli, CliCommand } from './cliCommand';
import { formatNumber } from '../../shared/words';
import { formatTable } from './format';

export const diffCommand: CliCommand<'diff'> = { print: printReport };

function printReport(report: DifferenceReport, cli: Cli): void {
  const right = 'right' as const;
  const columns = [
    { title: 'tensor' },
    { title: 'status' },
    { title: 'distance', align: right },
    { title: 'relative', align: right },
    { title: 'cosine', align: right },
    { title: 'largest change' },
  ];
  const rows = report.tensors.map(tensor => [
    tensor.name,
    tensor.status === 'shape-differs'
      ? `[${tensor.shapeA?.join(', ') ?? ''}] ≠ [${tensor.shapeB?.join(', ') ?? ''}]`
      : tensor.status,
    formatNumber(tensor.distance),
    formatNumber(tensor.relativeDistance),
    tensor.cosine === null ? '—' : tensor.cosine.toFixed(6),
    tensor.largestChange
      ? `[${tensor.largestChange.index.join(', ')}] ${formatNumber(tensor.largestChange.a)} → ${formatNumber(tensor.largestChange.b)}`
      : '',
  ]);
  cli.print(formatTable(columns, rows));
  cli.print();
  const verdict = report.isEqual
    ? colors.green('equal')
    : `distance ${formatNumber(report.distance)}, cosine ${report.cosine?.toFixed(6) ?? '—'}`;
  cli.print(`${report.a} and ${report.b}: ${verdict}`);
}
