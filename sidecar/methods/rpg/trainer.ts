// The training loop, from a step to the end, as a stream of events. It chooses batches, asks the engine for steps and says
// when a snapshot is due; what is written, shown or stopped is the caller's. It knows no files, clocks or messages.
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { Model, StepHyper, TrainingBatch } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import type { TrainerEvent } from '../training';
import { userError, type RpgError } from '../../util/rpgError';
import { createBatchChooser, type BatchChoice } from './batches';
import { learningRateAt } from './learningRate';

/** The tokens of a dataset, by checkpoint and row. */
export interface TokenSource {
  readonly nCheckpoints: number;
  /** Copies rows of one checkpoint to `out`, from element `at` on. *Shapes* rows (n); out receives (n, dimPerToken). */
  readRows(checkpoint: number, rows: Int32Array, out: Float32Array, at: number): void | Promise<void>;
}

export interface TrainerInput {
  /** Open, with the weights and optimizer state of `startStep`. */
  model: Model;
  spec: ModelSpec;
  config: ResolvedRunConfig;
  tokens: TokenSource;
  /** (nCheckpoints, taskBits), or null without task conditions. */
  tasks: Float32Array | null;
  /** Steps already done; 0 at the beginning. */
  startStep: number;
  /** Asked after every step; true ends the training with a snapshot. */
  shouldStop: () => boolean;
}

/** *Errors* `loss-not-finite`, and the engine's. */
export async function* train(input: TrainerInput): AsyncGenerator<TrainerEvent, void, void> {
  const { model, spec, config, startStep, shouldStop } = input;
  const { steps, saveEvery, evaluateEvery } = config.training;
  const { nTokens, batchSize, rowsPerStep } = spec;
  const { nCheckpoints } = input.tokens;
  const choose = createBatchChooser({ seed: config.seed, nCheckpoints, batchSize, nTokens, rowsPerStep });
  const gather = (step: number): Promise<TrainingBatch> => makeBatch(choose(step), step, input);
  let lastSnapshot = startStep;
  let gathered = steps > startStep ? gather(startStep + 1) : null;
  for (let step = startStep + 1; step <= steps; step++) {
    const hyper = hyperAt(step, config);
    const running = model.step(await gathered!, hyper);
    gathered = step < steps ? gather(step + 1) : null; // while the engine is at work
    gathered?.catch(() => undefined); // told when its step comes
    const { loss } = await running;
    if (!Number.isFinite(loss)) throw lossNotFinite(step, loss, hyper.learningRate, lastSnapshot);
    yield { kind: 'step', step, loss, learningRate: hyper.learningRate };
    const evaluate = evaluateEvery > 0 && step % evaluateEvery === 0;
    const stop = step < steps && shouldStop();
    if (stop || step === steps || step % saveEvery === 0 || evaluate) {
      yield { kind: 'snapshotDue', step, evaluate };
      lastSnapshot = step;
    }
    if (stop) {
      yield { kind: 'stopped', step };
      return;
    }
  }
  yield { kind: 'done', step: steps };
}

/** AdamW's numbers of a step. */
export function hyperAt(step: number, { training }: ResolvedRunConfig): StepHyper {
  const { weightDecay, beta1, beta2, epsilon } = training;
  return { step, learningRate: learningRateAt(step, training), weightDecay, beta1, beta2, epsilon };
}

/** Training diverged. `lastSnapshot` 0: there is none yet. */
function lossNotFinite(step: number, loss: number, learningRate: number, lastSnapshot: number): RpgError {
  const snapshot = lastSnapshot > 0 ? `the last good snapshot is of step ${lastSnapshot}` : 'there is no snapshot yet';
  return userError(
    'loss-not-finite',
    `the loss became ${loss} at step ${step} with learning rate ${learningRate.toPrecision(3)}; ${snapshot}. ` +
      'Lower training.learningRate, or add training.warmupSteps',
    { step, learningRate, lastSnapshot: lastSnapshot > 0 ? lastSnapshot : null },
  );
}

/** Gathers what a step's choices name. */
async function makeBatch(
  { checkpoints, rows }: BatchChoice,
  step: number,
  { spec, config, tokens, tasks }: TrainerInput,
): Promise<TrainingBatch> {
  const { nTokens, dimPerToken, usePermutationState, condition } = spec;
  const x0 = new Float32Array(rows.length * dimPerToken); // (n, dimPerToken)
  for (let begin = 0; begin < rows.length;) {
    const sequence = Math.floor(rows[begin]! / nTokens);
    let end = begin;
    while (end < rows.length && Math.floor(rows[end]! / nTokens) === sequence) end++;
    const rowsOfOne = rows.subarray(begin, end).map(row => row - sequence * nTokens);
    await tokens.readRows(checkpoints[sequence]!, rowsOfOne, x0, begin * dimPerToken);
    begin = end;
  }
  return {
    permutationState: usePermutationState ? checkpoints : null,
    task: tasks && gatherTasks(tasks, checkpoints, condition.taskBits),
    rows,
    x0,
    noise: { kind: 'seeded', seed: config.seed, step },
  };
}

function gatherTasks(tasks: Float32Array, checkpoints: Int32Array, taskBits: number): Float32Array {
  const task = new Float32Array(checkpoints.length * taskBits); // (b, taskBits)
  checkpoints.forEach((checkpoint, i) =>
    task.set(tasks.subarray(checkpoint * taskBits, (checkpoint + 1) * taskBits), i * taskBits),
  );
  return task;
}
