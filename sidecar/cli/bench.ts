// `rpg bench`.
import { usualDdimSteps } from '../../protocol/ddim';
import type { BenchmarkParams } from '../../protocol/training';
import { benchmark } from '../app/train/benchmark';
import type { CliCommand } from './cliCommand';
import { addDeviceOptions, wholeNumber } from './deviceOptions';

interface BenchOptions extends Omit<BenchmarkParams, 'nTokens' | 'sampleSteps'> {
  tokens?: number;
  generate?: boolean;
  json?: boolean;
}

export const benchCommand: CliCommand = {
  add: (program, cli) => {
    const command = program
      .command('bench')
      .description('time training steps of a preset on random tokens')
      .requiredOption('--preset <name>', 'which published size')
      .option('--steps <n>', 'measured steps (default: 20)', wholeNumber)
      .option('--tokens <n>', 'tokens of a checkpoint (default: 19 for cnn presets, else 1448)', wholeNumber)
      .option('--generate', `also sample one network in ${usualDdimSteps} DDIM steps`)
      .option('--json', 'print JSON');
    addDeviceOptions(command).action(async ({ tokens, generate, json, ...rest }: BenchOptions) => {
      const params = { ...rest, nTokens: tokens, sampleSteps: generate ? usualDdimSteps : undefined };
      const result = await cli.run(benchmark, params, { title: 'Measuring', json });
      if (json) {
        cli.printJson(result);
        return;
      }
      const { median, p10, p90 } = result.stepMs;
      cli.print(`${result.preset}, ${result.nTokens} tokens, on ${result.description}`);
      cli.print(
        `step ${median.toFixed(2)} ms (${p10.toFixed(2)}–${p90.toFixed(2)}), peak ${(result.peakBytes / 2 ** 30).toFixed(2)} GiB`,
      );
      if (result.profile) {
        const { parts, teraflops, floorMs, floorShare } = result.profile;
        cli.print(
          `recurrent ${parts.recurrent.toFixed(2)} ms, diffusion ${parts.diffusion.toFixed(2)} ms, optimizer ${parts.optimizer.toFixed(2)} ms; ` +
            `${teraflops.toFixed(1)} TFLOP/s, ${(floorShare * 100).toFixed(0)} % of the counted floor (${floorMs.toFixed(2)} ms)`,
        );
      }
      if (result.sampleMs !== null)
        cli.print(`DDIM-${usualDdimSteps} of one network ${(result.sampleMs / 1000).toFixed(3)} s`);
    });
  },
};
