// `rpg train` and `rpg resume`.
import type { RunEstimate, TrainParams, TrainProgress, TrainResult } from '../../protocol/training';
import { estimateRun } from '../app/train/estimateRun';
import { resume } from '../app/train/resume';
import { train } from '../app/train/train';
import type { Cli, CliCommand } from './cliCommand';
import { addDeviceOptions, collect, wholeNumber } from './deviceOptions';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../shared/words';
import { createTrainingBar } from './trainingBar';
import type { OperationContext } from '../app/context';

interface TrainOptions extends Omit<TrainParams, 'configFile' | 'settings'> {
  set?: string[];
  estimate?: boolean;
  json?: boolean;
}

export const trainCommand: CliCommand = {
  add: (program, cli) => {
    const command = program
      .command('train')
      .description('learn the distribution of a dataset of checkpoints')
      .argument('[config]', 'a *.rpg.json with the run configuration')
      .option('--dataset <name>', 'registered dataset, or a folder of checkpoints')
      .option('--preset <name>', 'values to start from, such as demo')
      .option('--set <path=value>', 'one value of the configuration, such as training.steps=500 (repeatable)', collect)
      .option('--workers <count>', 'data-parallel workers; the same seed and count give the same bits', wholeNumber)
      .option('--init <file>', 'published weights to begin with instead of random ones')
      .option('--accept-changed', 'train although the dataset changed since it was registered')
      .option('--force', 'train although the memory estimate is larger than what is free')
      .option('--estimate', 'only tell the memory and time it would take')
      .option('--json', 'print the result as JSON');
    addDeviceOptions(command).action(async (configFile: string | undefined, options: TrainOptions) => {
      const { set, json, estimate, ...params } = options;
      const settings = set ?? [];
      if (estimate) {
        const result = await estimateRun(
          { ...params, configFile, settings },
          cli.context<TrainProgress>(() => {}),
        );
        if (json) cli.printJson(result);
        else printEstimate(result, cli);
        return;
      }
      await runTraining(cli, json ?? false, context => train({ ...params, configFile, settings }, context));
    });
  },
};

export const resumeCommand: CliCommand = {
  add: (program, cli) => {
    const command = program
      .command('resume')
      .description('go on with an interrupted or stopped run from its newest good snapshot')
      .argument('<run>', 'id, number, part of the id, or last')
      .option('--accept-changed', 'go on although files of the dataset changed')
      .option('--force', 'go on although the memory estimate is larger than what is free')
      .option('--json', 'print the result as JSON');
    addDeviceOptions(command).action(async (run: string, options: TrainOptions) => {
      const { engine, device, acceptChanged, force, json } = options;
      await runTraining(cli, json ?? false, context => resume({ run, engine, device, acceptChanged, force }, context));
    });
  },
};

async function runTraining(
  cli: Cli,
  json: boolean,
  run: (context: OperationContext<TrainProgress>) => Promise<TrainResult>,
): Promise<void> {
  const bar = createTrainingBar({ json, note: cli.note });
  let result: TrainResult;
  try {
    result = await run(cli.context<TrainProgress>(bar.update));
  } finally {
    bar.stop();
  }
  if (json) cli.printJson(result);
  else printResult(result, cli);
}

function printEstimate(estimate: RunEstimate, cli: Cli): void {
  const { engine, device, workers, nTokens, nParameters, memoryBytes, freeBytes, fits, msPerStep, totalMs } = estimate;
  const { steps, batchSize } = estimate.config.training;
  cli.print(`${engine}/${device}, ${workers} ${workers === 1 ? 'worker' : 'workers'}`);
  cli.print(
    `${formatCount(nParameters)} parameters, ${formatCount(nTokens)} tokens a checkpoint, batches of ${batchSize}`,
  );
  cli.print(`memory: about ${formatBytes(memoryBytes)} (${formatBytes(freeBytes)} free${fits ? '' : ': too little'})`);
  if (msPerStep !== null) {
    cli.print(`time: ${formatDuration(totalMs)} for ${formatCount(steps)} steps of ${formatNumber(msPerStep)} ms`);
  }
}

function printResult({ run, folder, status, step, loss, weights, elapsedMs, notes }: TrainResult, cli: Cli): void {
  const how = `after step ${step} (loss ${formatNumber(loss)}, ${formatDuration(elapsedMs)})`;
  if (status === 'finished') {
    cli.print(`Finished ${run} ${how}: ${folder}`);
    if (weights !== null) cli.print(`Weights: ${weights}`);
    cli.print(`Generate networks: rpg generate ${run} --count 10`);
  } else cli.print(`Stopped ${run} ${how}; go on with: rpg resume ${run}`);
  for (const note of notes) cli.print(`Note: ${note}`);
}
