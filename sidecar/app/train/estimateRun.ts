// What a run would need, before it is started: memory counted from the model, time measured on a few of its own steps.
import type { RunEstimate, TrainParams, TrainProgress } from '../../../protocol/training';
import { train } from '../../methods/rpg/trainer';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { prepareModel, planModel } from './prepareModel';
import { settleRequest } from './settleRequest';
import { notYetTraining } from './train';

/** The first step compiles and allocates; the rest are timed. */
const nSteps = 4;

/**
 * Settles a training request and times its first steps; writes no run.
 * *Errors* those of `train` before its run is made, but for `memory-too-small`, which is part of the answer.
 */
export async function estimateRun(params: TrainParams, context: OperationContext<TrainProgress>): Promise<RunEstimate> {
  const say = (message: string): void => context.report({ ...notYetTraining, message });
  const { input } = await settleRequest(params, context, () => undefined);
  const { spec, estimate, freeBytes } = await planModel(input);
  const { config, chosen, workers } = input;
  const fits = estimate.totalBytes <= freeBytes;
  const time = (): Promise<number> => context.onDevice(turnOf(chosen.device), () => timeSteps(input), say);
  const msPerStep = fits || input.force ? await time() : null;
  return {
    config,
    engine: chosen.device.engine,
    device: chosen.device.device,
    workers,
    nTokens: spec.nTokens,
    nParameters: estimate.nParameters,
    memoryBytes: estimate.totalBytes,
    freeBytes,
    fits,
    msPerStep,
    totalMs: msPerStep === null ? null : msPerStep * config.training.steps,
  };
}

/** The fastest of a few steps after the first: what else the machine does only ever adds. */
async function timeSteps(input: Parameters<typeof prepareModel>[0]): Promise<number> {
  const prepared = await prepareModel({ ...input, force: true });
  try {
    const steps = Math.max(nSteps + 1, input.config.training.steps);
    const training = { ...input.config.training, steps, saveEvery: steps, evaluateEvery: 0 };
    let [fastest, from, done] = [Infinity, 0, 0];
    const events = train({ ...prepared, config: { ...input.config, training }, startStep: 0, shouldStop: () => false });
    for await (const event of events) {
      const now = performance.now();
      if (event.kind === 'step' && event.step > 1) fastest = Math.min(fastest, now - from);
      from = now;
      if (++done >= nSteps) break;
    }
    return fastest;
  } finally {
    prepared.tokens.dispose();
    await prepared.model.dispose();
  }
}
