// `rpg inspect PATH`: a file's tensors, or what a folder of checkpoints has in common.
import colors from 'picocolors';
import type { CheckpointReport, FolderReport } from '../../protocol/checkpoints';
import { usualExtensionsInWords } from '../checkpoint/registry';
import type { Cli, CliCommand } from './cliCommand';
import { formatBytes, formatCount, formatNumber, shortPercent } from '../../shared/words';
import { formatTable } from './format';

export const inspectCommand: CliCommand<'inspect'> = {
  help: { path: `a ${usualExtensionsInWords} file, an adapter folder, or a folder of any of these` },
  print: (report, cli) => {
    if (report.kind === 'checkpoint') printCheckpoint(report, cli);
    else printFolder(report, cli);
  },
};

function printCheckpoint(report: CheckpointReport, cli: Cli): void {
  const shown = report.dictionaries.find(dictionary => dictionary.key === report.key);
  cli.print(
    `${colors.bold(report.path)}  ${report.format}, ${formatBytes(report.sizeBytes)}, ${report.tensors.length} tensors, ${formatCount(shown?.nElements ?? 0)} values`,
  );
  if (report.dictionaries.length > 1) {
    cli.print(
      `Tensor dictionaries (choose with --key): ${report.dictionaries.map(dictionary => `'${dictionary.key}' (${dictionary.nTensors} tensors)`).join(', ')}`,
    );
  }
  for (const note of report.notes) cli.print(colors.dim(note));
  cli.print();
  const columns = [
    { title: 'tensor' },
    { title: 'type' },
    { title: 'shape' },
    { title: 'mean', align: 'right' as const },
    { title: 'std', align: 'right' as const },
    { title: 'min', align: 'right' as const },
    { title: 'max', align: 'right' as const },
    { title: '' },
  ];
  const rows = report.tensors.map(tensor => [
    tensor.name,
    tensor.dtype,
    `[${tensor.shape.join(', ')}]`,
    ...(['mean', 'std', 'min', 'max'] as const).map(statistic => formatNumber(tensor.summary?.[statistic] ?? null)),
    tensor.sharedStorage === null ? '' : `shared #${tensor.sharedStorage}`,
  ]);
  cli.print(formatTable(columns, rows));
  printProblems(report.problems, cli);
}

function printFolder(report: FolderReport, cli: Cli): void {
  cli.print(
    `${colors.bold(report.path)}  ${formatCount(report.nCheckpoints)} checkpoints of one architecture, ${formatCount(report.nWeights)} weights each`,
  );
  if (report.accuracy) {
    const { best, mean, min } = report.accuracy;
    cli.print(
      `Accuracy in the file names: best ${shortPercent(best)}, mean ${shortPercent(mean)}, min ${shortPercent(min)}`,
    );
  }
  if (report.key) cli.print(`Tensor dictionary '${report.key}' of each file`);
  if (report.nSkipped > 0) cli.print(colors.dim(`${report.nSkipped} other entries in the folder are not checkpoints`));
  cli.print();
  const columns = [
    { title: 'tensor' },
    { title: 'kind' },
    { title: 'type' },
    { title: 'shape' },
    { title: 'mean', align: 'right' as const },
    { title: 'std', align: 'right' as const },
  ];
  cli.print(
    formatTable(
      columns,
      report.parameters.map(parameter => [
        parameter.name,
        parameter.kind,
        parameter.dtype,
        `[${parameter.shape.join(', ')}]`,
        parameter.kind === 'fixed' ? '—' : formatNumber(parameter.mean),
        parameter.kind === 'fixed' ? '—' : formatNumber(parameter.std),
      ]),
    ),
  );
  cli.print();
  const tokenColumns = [
    { title: 'weights per token', align: 'right' as const },
    { title: 'tokens', align: 'right' as const },
    { title: 'padding', align: 'right' as const },
    { title: '' },
  ];
  cli.print(
    formatTable(
      tokenColumns,
      report.tokens.map(count => [
        formatCount(count.dimPerToken),
        formatCount(count.nTokens),
        shortPercent(count.paddingShare),
        count.isSuggested ? '← suggested' : '',
      ]),
    ),
  );
  printProblems(report.problems, cli);
}

function printProblems(problems: readonly string[], cli: Cli): void {
  if (problems.length === 0) return;
  cli.print();
  cli.print(colors.yellow(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`));
  for (const problem of problems.slice(0, 50)) cli.print(`  ${problem}`);
  if (problems.length > 50) cli.print(`  … and ${problems.length - 50} more (--json lists them all)`);
}
