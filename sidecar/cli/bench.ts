// `rpg bench`.
import { usualDdimSteps } from '../../protocol/ddim';
import type { CliCommand } from './cliCommand';

export const benchCommand: CliCommand<'benchmark'> = {
  print: (result, cli) => {
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
  },
};
