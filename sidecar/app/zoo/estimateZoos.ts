// What a zoo takes before it is trained: a moment of the real training and one real test of every recipe, on the real threads.
import { availableParallelism } from 'node:os';
import type { ZooEstimate } from '../../../protocol/zoo';
import { packagedDatasetFolder, readImageDataset, type ImageDataset } from '../../zoo/imageData';
import { zooRecipes } from '../../zoo/recipes/registry';
import type { ZooRecipe } from '../../zoo/recipes/recipe';
import { initialParameters } from '../../zoo/networkSpec';
import { stepsPerEpoch } from '../../zoo/trainNetwork';
import { openTestPool, trainOnThreads } from '../../zoo/zooThreads';
import { seededRandom } from '../../util/seededRandom';
import type { OperationContext } from '../context';

/** Steps that are trained: the first reports are left out of the time, as threads and compiled code begin in them. */
const timedSteps = 16;

/** One a recipe, in the order of the registry. *Errors* those of reading the packaged images; cancelled. */
export async function estimateZoos(_: object, { signal }: OperationContext): Promise<ZooEstimate[]> {
  const estimates: ZooEstimate[] = [];
  for (const recipe of zooRecipes) {
    const data = readImageDataset(packagedDatasetFolder(recipe.dataset));
    const steps = (recipe.schedule.epochs + 1) * stepsPerEpoch(data.train.count, recipe.schedule);
    estimates.push({
      recipe: recipe.name,
      trainingMs: steps * (await timeStep(recipe, data, signal)),
      testMs: await timeTest(recipe, data, signal),
      memoryBytes: [data.train, data.test].reduce((sum, { pixels, labels }) => sum + pixels.length + labels.length, 0),
    });
  }
  return estimates;
}

async function timeStep(
  { network, schedule }: ZooRecipe,
  { train }: ImageDataset,
  signal: AbortSignal,
): Promise<number> {
  const times: { step: number; at: number }[] = [];
  const plan = { spec: network, schedule: { ...schedule, epochs: 0 }, seed: 1, perRun: 1 };
  const images = { ...train, count: Math.min(train.count, timedSteps * schedule.batchSize) };
  const listener = {
    onProgress: (step: number) => times.push({ step, at: performance.now() }),
    onCheckpoint: () => undefined,
  };
  await trainOnThreads(plan, images, listener, { threads: availableParallelism(), signal });
  const [from, to] = [times[Math.min(2, times.length - 2)]!, times.at(-1)!];
  return (to.at - from.at) / (to.step - from.step);
}

async function timeTest({ network }: ZooRecipe, { test }: ImageDataset, signal: AbortSignal): Promise<number> {
  const pool = openTestPool(network, test, availableParallelism());
  try {
    const weights = Float32Array.from(initialParameters(network, seededRandom(1, 0)));
    await pool.test(weights, signal);
    const startedAt = performance.now();
    await pool.test(weights, signal);
    return performance.now() - startedAt;
  } finally {
    await pool.dispose();
  }
}
