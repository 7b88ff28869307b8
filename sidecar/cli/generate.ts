// `rpg generate RUN`.
import type { GenerateResult } from '../../protocol/generation';
import { formatDuration } from '../../shared/words';
import type { Cli, CliCommand } from './cliCommand';

export const generateCommand: CliCommand<'generate'> = { print: printResult };

function printResult(result: GenerateResult, cli: Cli): void {
  const { networks, run, step, seed, folder, samplingMs, notes } = result;
  cli.print(
    `Generated ${networks.length} ${networks.length === 1 ? 'network' : 'networks'} from step ${step} of ${run} with seed ${seed} in ${formatDuration(samplingMs)}: ${folder}`,
  );
  for (const { file, record, test } of networks) {
    const health = record.nNotFinite > 0 ? `  ${record.nNotFinite} weights are NaN or infinite` : '';
    const tested =
      test === null
        ? ''
        : test.accuracy === null
          ? `  ${test.problem ?? ''}`
          : `  accuracy ${test.accuracy.toFixed(4)}`;
    cli.print(`  ${file}${tested}${health}`);
  }
  for (const note of notes) cli.print(`Note: ${note}`);
}
