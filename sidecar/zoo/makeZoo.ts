// Trains a zoo: independent runs of one recipe, each leaving `perRun` checkpoints of its last epoch, every one tested. It
// hands the checkpoints out; whoever called writes the files.
import { throwIfCancelled, userError } from '../util/rpgError';
import type { NamedArrays } from '../util/namedArrays';
import type { ImageDataset } from './imageData';
import { toStateDict } from './networkSpec';
import type { ZooRecipe } from './recipes/recipe';
import { stepsPerEpoch } from './trainNetwork';
import { openTestPool, trainOnThreads } from './zooThreads';

export interface ZooOptions {
  /** Independent runs: their seeds are `seed`, `seed + 1`, … */
  readonly runs: number;
  /** Checkpoints per run, at most the steps of one epoch. */
  readonly perRun: number;
  readonly seed: number;
  readonly threads: number;
  /** Epochs until convergence; the recipe's own by default. */
  readonly epochs?: number;
  readonly signal?: AbortSignal;
  readonly report?: (progress: { fraction: number; message: string }) => void;
}

/** A trained and tested checkpoint. */
export interface ZooCheckpoint {
  readonly fileName: string;
  readonly state: NamedArrays;
  /** 0 … 1, on the test split. */
  readonly accuracy: number;
}

/** Share of the time training takes; the rest is testing. */
const trainingShare = 0.8;

/**
 * Yields each checkpoint as soon as it is tested, run by run.
 * *Errors* user: `perRun` or `runs` out of range; cancelled; internal: a thread died.
 */
export async function* makeZoo(
  recipe: ZooRecipe,
  data: ImageDataset,
  options: ZooOptions,
): AsyncGenerator<ZooCheckpoint, void> {
  const schedule = { ...recipe.schedule, epochs: options.epochs ?? recipe.schedule.epochs };
  const { runs, perRun, signal, threads } = options;
  checkRange('runs', runs, 1, 10_000);
  checkRange('checkpoints per run', perRun, 1, stepsPerEpoch(data.train.count, schedule));
  checkRange('epochs', schedule.epochs, 0, 10_000);

  const pool = openTestPool(recipe.network, data.test, threads);
  try {
    for (let run = 0; run < runs; run++) {
      const seed = options.seed + run;
      const report = (inRun: number, message: string): void =>
        options.report?.({ fraction: (run + inRun) / runs, message: `Run ${run + 1} of ${runs}: ${message}` });
      const trained: { step: number; weights: Float32Array }[] = [];
      await trainOnThreads(
        { spec: recipe.network, schedule, seed, perRun },
        data.train,
        {
          onCheckpoint: (step, weights) => trained.push({ step, weights }),
          onProgress: (step, totalSteps, loss) =>
            report((trainingShare * step) / totalSteps, `step ${step} of ${totalSteps}, loss ${loss.toFixed(3)}`),
        },
        { threads, signal },
      );
      for (const [index, { step, weights }] of trained.entries()) {
        throwIfCancelled(signal, 'training the zoo');
        const { accuracy } = await pool.test(weights, signal);
        yield {
          fileName: checkpointFileName(step, accuracy, seed, recipe.fileTag),
          state: toStateDict(recipe.network, weights),
          accuracy,
        };
        const share = trainingShare + ((1 - trainingShare) * (index + 1)) / trained.length;
        report(share, `tested ${index + 1} of ${trained.length}, accuracy ${accuracy.toFixed(4)}`);
      }
    }
  } finally {
    await pool.dispose();
  }
}

/** `0004_acc0.8787_seed0020_fashion_cnnsmall.pth`: step of the last epoch, test accuracy, seed of the run. */
export function checkpointFileName(step: number, accuracy: number, seed: number, tag: string): string {
  const digits = (value: number): string => String(value).padStart(4, '0');
  return `${digits(step)}_acc${accuracy.toFixed(4)}_seed${digits(seed)}_${tag}.pth`;
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw userError('zoo-option-out-of-range', `${what}: ${value} is not a whole number from ${least} to ${most}`, {
    value,
  });
}
