// What a run would need, before it is started: memory counted from the model, time measured on a few of its own steps.
import type { RunEstimate, TrainParams, TrainProgress } from '../../../protocol/training';
import type { OperationContext } from '../context';
import { completePlan, freeBytesOf, openPlanned, planTraining, type Plan } from './plan';
import type { ReadConfig } from './readConfig';
import { notYetTraining } from './train';

/** The first step compiles and allocates; the rest are timed. */
const nSteps = 4;

/**
 * Settles a training request and times its first steps; writes no run.
 * *Errors* those of `train` before its run is made, but for `memory-too-small`, which is part of the answer.
 */
export async function estimateRun(params: TrainParams, context: OperationContext<TrainProgress>): Promise<RunEstimate> {
  const say = (message: string): void => context.report({ ...notYetTraining, message });
  const { settled, plan } = await planTraining(params, context, () => undefined);
  const { config, chosen, workers, training } = plan;
  const { estimate, nTokens } = training;
  const freeBytes = freeBytesOf(plan);
  const fits = estimate.totalBytes <= freeBytes;
  const time = (): Promise<number> => context.onDevice(plan.turn, () => timeSteps(settled, plan), say);
  const msPerStep = fits || plan.force ? await time() : null;
  return {
    config,
    engine: chosen.device.engine,
    device: chosen.device.device,
    workers,
    nTokens,
    nParameters: estimate.nParameters,
    memoryBytes: estimate.totalBytes,
    freeBytes,
    fits,
    msPerStep,
    totalMs: msPerStep === null ? null : msPerStep * config.training.steps,
  };
}

/** The fastest of a few steps after the first: what else the machine does only ever adds. */
async function timeSteps({ cut }: ReadConfig, plan: Plan): Promise<number> {
  const steps = Math.max(nSteps + 1, plan.config.training.steps);
  const training = { ...plan.config.training, steps, saveEvery: steps, evaluateEvery: 0 };
  const config = { ...plan.config, training };
  const model = cut.model(config, plan.dataset.fileNames.length);
  const trainable = await openPlanned(await completePlan(model, { ...plan, config, force: true }));
  try {
    let [fastest, from, done] = [Infinity, 0, 0];
    for await (const event of trainable.train(0, () => false)) {
      const now = performance.now();
      if (event.kind === 'step' && event.step > 1) fastest = Math.min(fastest, now - from);
      from = now;
      if (++done >= nSteps) break;
    }
    return fastest;
  } finally {
    await trainable.dispose();
  }
}
