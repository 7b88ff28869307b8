// `rpg train` and `rpg resume`.
import type { RunEstimate, TrainProgress, TrainResult } from '../../protocol/training';
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../shared/words';
import { estimateRun } from '../app/train/estimateRun';
import { resume } from '../app/train/resume';
import { train } from '../app/train/train';
import type { Cli, CliCommand } from './cliCommand';
import { createTrainingBar } from './trainingBar';
import type { OperationContext } from '../app/context';

export const trainCommand: CliCommand<'train'> = {
  extraFlag: { name: 'estimate', help: 'only tell the memory and time it would take' },
  run: async (params, { cli, json, isExtra }) => {
    if (!isExtra) return runTraining(cli, json, context => train(params, context));
    const result = await estimateRun(
      params,
      cli.context<TrainProgress>(() => {}),
    );
    if (json) cli.printJson(result);
    else printEstimate(result, cli);
  },
};

export const resumeCommand: CliCommand<'resume'> = {
  run: (params, { cli, json }) => runTraining(cli, json, context => resume(params, context)),
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
