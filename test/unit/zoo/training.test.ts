import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../sidecar/util/seededRandom';
import { adamStep, cosineLearningRate, createAdamState } from '../../../sidecar/zoo/adam';
import { checkpointFileName, makeZoo } from '../../../sidecar/zoo/makeZoo';
import { initialParameters } from '../../../sidecar/zoo/networkSpec';
import type { ZooRecipe } from '../../../sidecar/zoo/recipes/recipe';
import { createRangeTester } from '../../../sidecar/zoo/testNetwork';
import { openTestPool, trainOnThreads } from '../../../sidecar/zoo/zooThreads';
import { rejectionOf } from '../../support/errors';
import { bandImages, tinyNetwork } from '../../support/zoo';

const schedule = {
  epochs: 3,
  batchSize: 10,
  learningRate: 0.02,
  savingLearningRate: 0.002,
};
const images = bandImages(200, tinyNetwork, 19);

/** Weights of every checkpoint, and the losses reported. */
async function train(options: {
  seed: number;
  threads: number;
  epochs?: number;
}): Promise<{ steps: number[]; weights: Float32Array[]; losses: number[] }> {
  const steps: number[] = [];
  const weights: Float32Array[] = [];
  const losses: number[] = [];
  await trainOnThreads(
    { spec: tinyNetwork, schedule: { ...schedule, epochs: options.epochs ?? 3 }, seed: options.seed, perRun: 3 },
    images,
    {
      onProgress: (_, __, loss) => losses.push(loss),
      onCheckpoint: (step, values) => {
        steps.push(step);
        weights.push(values);
      },
    },
    { threads: options.threads },
  );
  return { steps, weights, losses };
}

describe('training a zoo network', () => {
  test('the same seed gives the same bits on one, two and three threads', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(threads => train({ seed: 23, threads })));
    expect(two!.weights).toEqual(one!.weights);
    expect(three!.weights).toEqual(one!.weights);
    expect(two!.losses).toEqual(one!.losses);
  });

  test('another seed gives another network', async () => {
    const [a, b] = await Promise.all([1, 2].map(seed => train({ seed, threads: 1, epochs: 0 })));
    expect(a!.weights[0]).not.toEqual(b!.weights[0]);
  });

  test('checkpoints are spread evenly over the last epoch, and the loss falls', async () => {
    const { steps, losses } = await train({ seed: 29, threads: 1 });
    expect(steps).toEqual([0, 6, 13]); // of 20 steps
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });

  test('cancelling ends it long before its last step', async () => {
    const abort = new AbortController();
    const error = await rejectionOf(() =>
      trainOnThreads(
        { spec: tinyNetwork, schedule: { ...schedule, epochs: 10_000 }, seed: 1, perRun: 3 },
        images,
        {
          onProgress: () => abort.abort(),
          onCheckpoint: () => undefined,
        },
        { threads: 2, signal: abort.signal },
      ),
    );
    expect(error.blame).toBe('cancelled');
  });
});

describe('the pool of testing threads', () => {
  const many = bandImages(5_001, tinyNetwork, 31); // three jobs, the last of one image
  const weights = Float32Array.from(initialParameters(tinyNetwork, seededRandom(37)));

  test('predictions, accuracy and loss are those of one thread over all images', async () => {
    const pool = openTestPool(tinyNetwork, many, 2);
    try {
      const direct = createRangeTester(tinyNetwork, many)(weights, 0, many.count);
      const outcomes = await Promise.all([pool.test(weights), pool.test(weights)]);
      for (const outcome of outcomes) {
        expect(outcome.predictions).toEqual(direct.predictions);
        expect(outcome.accuracy).toBe(direct.correct / many.count);
        expect(outcome.loss).toBeCloseTo(direct.lossSum / many.count, 9);
        expect(outcome.probabilities).toEqual(direct.probabilities);
      }
    } finally {
      await pool.dispose();
    }
  });

  test('probabilities are those of the loss', () => {
    const { probabilities, lossSum } = createRangeTester(tinyNetwork, many)(weights, 0, many.count);
    const classes = tinyNetwork.nClasses;
    let sum = 0;
    for (let i = 0; i < many.count; i++) {
      const row = probabilities.subarray(i * classes, (i + 1) * classes);
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      sum -= Math.log(row[many.labels[i]!]!);
    }
    expect(sum / many.count).toBeCloseTo(lossSum / many.count, 5);
  });

  test('a cancelled test rejects, and the pool still works', async () => {
    const pool = openTestPool(tinyNetwork, many, 1);
    try {
      const abort = new AbortController();
      const testing = rejectionOf(() => pool.test(weights, abort.signal));
      abort.abort();
      expect((await testing).blame).toBe('cancelled');
      expect((await pool.test(weights)).predictions).toHaveLength(5_001);
    } finally {
      await pool.dispose();
    }
  });

  test('a closed pool says so', async () => {
    const pool = openTestPool(tinyNetwork, many, 1);
    await pool.dispose();
    expect((await rejectionOf(() => pool.test(weights))).code).toBe('test-pool-closed');
  });
});

describe('making a zoo', () => {
  const recipe: ZooRecipe = {
    name: 'tiny',
    title: 'tiny',
    fileTag: 'tiny_bands',
    dataset: 'none',
    network: tinyNetwork,
    schedule,
  };
  const data = { folder: '', train: images, test: bandImages(100, tinyNetwork, 41) };

  test('every run leaves its checkpoints, named by step, accuracy and seed', async () => {
    const made: string[] = [];
    for await (const { fileName, accuracy, state } of makeZoo(recipe, data, {
      runs: 2,
      perRun: 2,
      seed: 7,
      threads: 1,
    })) {
      expect(fileName).toContain(`_acc${accuracy.toFixed(4)}_`);
      expect([...state.keys()][0]).toBe('0.weight');
      expect(accuracy).toBeGreaterThan(0.9); // bands are easy
      made.push(fileName.replace(/acc[\d.]+/, 'acc'));
    }
    expect(made).toEqual([
      '0000_acc_seed0007_tiny_bands.pth',
      '0010_acc_seed0007_tiny_bands.pth',
      '0000_acc_seed0008_tiny_bands.pth',
      '0010_acc_seed0008_tiny_bands.pth',
    ]);
  });

  test.each([
    [{ perRun: 21 }, /checkpoints per run: 21 is not a whole number from 1 to 20/],
    [{ runs: 0 }, /runs: 0/],
    [{ epochs: 1.5 }, /epochs: 1.5/],
  ])('%j is out of range', async (change, message) => {
    const zoo = makeZoo(recipe, data, { runs: 1, perRun: 2, seed: 7, threads: 1, ...change });
    expect((await rejectionOf(() => zoo.next())).message).toMatch(message);
  });

  test('file names follow the published pattern', () => {
    expect(checkpointFileName(4, 0.8787, 20, 'fashion_cnnsmall')).toBe('0004_acc0.8787_seed0020_fashion_cnnsmall.pth');
  });
});

test('Adam’s first step moves every weight by the learning rate against its gradient', () => {
  const parameters = Float64Array.of(1, 2, 3);
  adamStep(createAdamState(3), parameters, Float64Array.of(5, -0.1, 0), 0.01);
  expect(parameters[0]).toBeCloseTo(0.99, 8);
  expect(parameters[1]).toBeCloseTo(2.01, 6);
  expect(parameters[2]).toBe(3);
});

test.each([
  [0, 0.4],
  [5, 0.25],
  [10, 0.1],
  [99, 0.1],
])('the cosine learning rate at step %i of 10 is %f', (step, rate) =>
  expect(cosineLearningRate(step, 10, 0.4, 0.1)).toBeCloseTo(rate, 12),
);
