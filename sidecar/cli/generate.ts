// `rpg generate RUN`.
import { InvalidArgumentError, Option } from 'commander';
import { formatDuration } from '../../shared/words';
import type { GenerateParams, GenerateResult } from '../../protocol/generation';
import { generate } from '../app/generate/generate';
import type { Cli, CliCommand } from './cliCommand';
import { addDeviceOptions, realNumber, wholeNumber } from './deviceOptions';

interface GenerateOptions extends Omit<GenerateParams, 'run' | 'classes' | 'timeLimitSeconds'> {
  class?: number[];
  timeLimit?: number;
  json?: boolean;
}

export const generateCommand: CliCommand = {
  add: (program, cli) => {
    const command = program
      .command('generate')
      .description('sample new networks from a run and write them as checkpoints')
      .argument('<run>', 'id, number, part of the id, or last')
      .option('--count <n>', 'networks, per class where there are classes', wholeNumber, 1)
      .addOption(new Option('--sampler <name>', 'how to sample (default: ddpm)').choices(['ddpm', 'ddim']))
      .option('--steps <n>', 'DDIM steps (default: 60)', wholeNumber)
      .addOption(new Option('--spacing <kind>', 'which steps DDIM visits').choices(['published', 'even']))
      .option('--eta <value>', 'noise of DDIM, 0 to 1 (default: 0.05)', realNumber)
      .option(
        '--seed <n>',
        'the same seed gives the same networks (default: a random one, written beside them)',
        wholeNumber,
      )
      .option('--permutation <k>', 'permutation state of all, or random for each', permutation)
      .option('--class <n,…>', 'classes of a task-conditioned run', classes)
      .addOption(
        new Option('--format <format>', "file format (default: the training checkpoints')").choices([
          'pth',
          'safetensors',
        ]),
      )
      .option('--out <folder>', "where to (default: a new folder under the run's samples/)")
      .option('--tag <tag>', "part of the file names (default: the run's name)")
      .option(
        '--token-slice <rows>',
        'token rows denoised at once, on CUDA: a number, full or auto (default: auto)',
        tokenSlice,
      )
      .option('--snapshot <step>', 'which snapshot (default: the newest good one)', wholeNumber)
      .option('--test', "test every network with the dataset's test")
      .option('--time-limit <seconds>', 'of one test (default: 600)', realNumber)
      .option('--accuracy-pattern <regexp>', 'its first group is the accuracy in the test’s output')
      .option('--force', 'replace files that exist')
      .option('--json', 'print JSON');
    addDeviceOptions(command).action(async (run: string, options: GenerateOptions) => {
      const { json, class: wanted, timeLimit, ...rest } = options;
      const params = { ...rest, run, classes: wanted, timeLimitSeconds: timeLimit };
      const result = await cli.run(generate, params, { title: 'Generating', json });
      if (json) cli.printJson(result);
      else printResult(result, cli);
    });
  },
};

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

function permutation(text: string): number | 'random' {
  if (text === 'random') return text;
  return wholeNumber(text);
}

function tokenSlice(text: string): number | 'full' | 'auto' {
  if (text === 'full' || text === 'auto') return text;
  const rows = wholeNumber(text);
  if (rows < 1) throw new InvalidArgumentError('Give a number of token rows, full or auto.');
  return rows;
}

function classes(text: string): number[] {
  const values = text.split(',').map(part => Number(part.trim()));
  if (values.some(value => !Number.isInteger(value) || value < 0))
    throw new InvalidArgumentError('Give numbers, such as 279,12.');
  return values;
}
