import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { medianOf, summarise } from '../../../shared/statistics';
import {
  distancesBetween,
  leaveOneOutMedian,
  meanPairDistance,
  nearestColumn,
} from '../../../sidecar/evaluation/distances';
import { majorityVoteAccuracy } from '../../../sidecar/evaluation/ensembles';
import { countDefects, layerHistograms, tensorMoments } from '../../../sidecar/evaluation/health';
import { noveltyShares } from '../../../shared/metrics/novelty';
import { coveredOriginals } from '../../../sidecar/evaluation/coverage';
import {
  intersectionOverUnion,
  iouMatrix,
  maxIou,
  meanIouBetween,
  meanIouInside,
  wrongSet,
} from '../../../shared/wrongPredictions';
import { noiseBaseline } from '../../../sidecar/evaluation/baselines/noise';
import { sourceOf, structureOf } from '../../support/networks';

describe('accuracy summary', () => {
  test('best, mean, min and unbiased deviation', () => {
    expect(summarise([0.25, 0.5, 0.75])).toEqual({ count: 3, best: 0.75, mean: 0.5, min: 0.25, sd: 0.25 });
  });
  test('one value has no spread, none has no summary', () => {
    expect(summarise([0.5])!.sd).toBe(0);
    expect(summarise([])).toBeNull();
  });
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[], null],
  ])('the median of %j is %s', (values, median) => expect(medianOf(values)).toBe(median));
});

describe('intersection over union of wrong predictions', () => {
  const predictions = fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 100 });
  const sets = (samples: readonly (readonly number[])[]) => {
    const expected = samples.map(sample => sample[0]!);
    return [1, 2].map(which =>
      wrongSet(
        samples.map(sample => sample[which]!),
        expected,
      ),
    ) as [ReturnType<typeof wrongSet>, ReturnType<typeof wrongSet>];
  };

  test('it is symmetric, in [0, 1], and one of a set with itself', () => {
    fc.assert(
      fc.property(predictions, samples => {
        const [a, b] = sets(samples);
        const iou = intersectionOverUnion(a, b);
        expect(iou).toBe(intersectionOverUnion(b, a));
        expect(iou).toBeGreaterThanOrEqual(0);
        expect(iou).toBeLessThanOrEqual(1);
        expect(intersectionOverUnion(a, a)).toBe(1);
      }),
    );
  });

  test('it equals counting with sets', () => {
    fc.assert(
      fc.property(predictions, samples => {
        const [a, b] = sets(samples);
        const wrong = [1, 2].map(
          which => new Set(samples.flatMap((sample, i) => (sample[which] === sample[0] ? [] : [i]))),
        ) as [Set<number>, Set<number>];
        const both = [...wrong[0]].filter(i => wrong[1].has(i)).length;
        const either = new Set([...wrong[0], ...wrong[1]]).size;
        expect(intersectionOverUnion(a, b)).toBe(either === 0 ? 1 : both / either);
        expect([a.count, b.count]).toEqual(wrong.map(set => set.size));
      }),
    );
  });

  const expected = [0, 0, 0, 0, 0];
  const a = wrongSet([1, 1, 0, 0, 0], expected); // wrong: 0 1
  const b = wrongSet([0, 1, 1, 0, 0], expected); // wrong: 1 2
  const c = wrongSet([0, 1, 1, 1, 0], expected); // wrong: 1 2 3

  test('a network is not compared with itself', () => {
    expect(maxIou(a, [a, b, c], 0)).toBe(1 / 3);
    expect(maxIou(a, [a, b, c], null)).toBe(1);
    expect(maxIou(a, [a], 0)).toBeNull();
  });
  test('means inside and between groups', () => {
    expect(meanIouInside([a, b, c])).toBeCloseTo((1 / 3 + 1 / 4 + 2 / 3) / 3, 12);
    expect(meanIouInside([a])).toBeNull();
    expect(meanIouBetween([a], [b, c])).toBeCloseTo((1 / 3 + 1 / 4) / 2, 12);
    expect(meanIouBetween([], [a])).toBeNull();
  });
  test('the matrix holds every pair', () => {
    expect(iouMatrix([a, b])).toEqual([
      [1, 1 / 3],
      [1 / 3, 1],
    ]);
  });
});

describe('distances', () => {
  const states = [
    [0, 0, 0],
    [3, 4, 0],
    [0, 0, 2],
  ];
  const structure = structureOf([{ name: 'w', values: states[0]! }]);
  const sources = states.map((values, i) => sourceOf(`n${i}`, structure, [values]));

  test('they are Euclidean over all tensors', async () => {
    const two = structureOf([
      { name: 'a', values: [0, 0] },
      { name: 'b', values: [0, 0, 0] },
    ]);
    const left = sourceOf('l', two, [
      [1, 2],
      [3, 4, 5],
    ]);
    const right = sourceOf('r', two, [
      [2, 2],
      [3, 6, 7],
    ]);
    expect((await distancesBetween(two, [left], [right])).raw.values[0]).toBe(3);
  });

  test('fixed tensors do not count', async () => {
    const fixed = structureOf([
      { name: 'w', values: [0, 0] },
      { name: 'num_batches_tracked', values: [0] },
    ]);
    const left = sourceOf('l', fixed, [[0, 0], [5]]);
    const right = sourceOf('r', fixed, [[0, 1], [900]]);
    expect((await distancesBetween(fixed, [left], [right])).raw.values[0]).toBe(1);
  });

  test('in normalised weights noise of a level is that far away', async () => {
    const values = Array.from({ length: 4000 }, (_, i) => Math.sin(i) * 3 + 1);
    const wide = structureOf(
      [
        { name: 'w', values },
        { name: 'n.running_var', values: values.map(Math.exp) },
      ],
      [[values, values.map(Math.exp)]],
    );
    const original = sourceOf('o', wide, [values, values.map(Math.exp)]);
    const noisy = noiseBaseline(0.03).make({ structure: wide, originals: [original], seed: 1 }, 0);
    const { asNoise } = await distancesBetween(wide, [noisy, original], [original]);
    expect(asNoise.values[0]).toBeCloseTo(0.03, 3);
    expect(asNoise.values[1]).toBe(0);
  });

  test('nearest, leave-one-out median and spread', async () => {
    const { raw: matrix } = await distancesBetween(structure, sources, sources);
    expect(nearestColumn(matrix, 0, 0)).toEqual({ column: 2, distance: 2 });
    expect(nearestColumn(matrix, 0, null)).toEqual({ column: 0, distance: 0 });
    expect(leaveOneOutMedian(matrix)).toBe(2); // 2, 5, 2
    expect(meanPairDistance(matrix)).toBeCloseTo((5 + 2 + Math.sqrt(29)) / 3, 12);
  });

  test('a network with NaN has no nearest, and spoils no mean', async () => {
    const broken = sourceOf('nan', structure, [[Number.NaN, 0, 0]]);
    const { raw: matrix } = await distancesBetween(structure, [broken, ...sources], [broken, ...sources]);
    expect(nearestColumn(matrix, 0, 0)).toBeNull();
    expect(meanPairDistance(matrix)).toBeCloseTo((5 + 2 + Math.sqrt(29)) / 3, 12);
  });
});

describe('novelty', () => {
  const networks = [
    { accuracy: 0.9, nearestDistance: 1 },
    { accuracy: 0.895, nearestDistance: 2.5 },
    { accuracy: 0.5, nearestDistance: 100 },
    { accuracy: null, nearestDistance: 100 },
  ];
  test('a network must be performant and far at once', () => {
    expect(noveltyShares(networks, 0.9, 1)).toEqual([
      { tau: 1, share: 0.5 },
      { tau: 2, share: 0.25 },
      { tau: 4, share: 0 },
    ]);
  });
  test('without a yardstick there is no share', () => expect(noveltyShares(networks, 0.9, null)).toEqual([]));
  test('coverage counts each original once', () => expect(coveredOriginals([3, 3, null, 5])).toBe(2));
});

describe('majority vote', () => {
  test('three networks correct each other, ties go to the lowest class', () => {
    const expected = [1, 1, 2, 0];
    expect(
      majorityVoteAccuracy(
        [
          [1, 0, 2, 2],
          [1, 1, 0, 1],
          [0, 1, 2, 0],
        ],
        expected,
      ),
    ).toBe(1);
  });
  test('of one network it is its accuracy; of none, nothing', () => {
    expect(majorityVoteAccuracy([[1, 0]], [1, 1])).toBe(0.5);
    expect(majorityVoteAccuracy([], [1])).toBeNull();
  });
});

describe('health', () => {
  const structure = structureOf([
    { name: 'w', values: [0, 0, 0] },
    { name: 'bn.running_var', values: [1, 2] },
  ]);
  const healthy = sourceOf('a', structure, [
    [1, 2, 3],
    [1, 2],
  ]);
  const sick = sourceOf('b', structure, [
    [Number.NaN, Infinity, 4],
    [0, -1],
  ]);
  test('defects are counted', () => {
    expect(countDefects(structure, healthy)).toEqual({ nonFinite: 0, nonPositiveVariances: 0 });
    expect(countDefects(structure, sick)).toEqual({ nonFinite: 2, nonPositiveVariances: 2 });
  });
  test('moments are those of the finite values', () => {
    const { mean, std } = tensorMoments([healthy, sick], 0); // of 1 2 3 4
    expect(mean).toBe(2.5);
    expect(std).toBeCloseTo(Math.sqrt(5 / 3), 12);
  });
  test('both histograms share their edges and each sums to one', async () => {
    const [histogram] = await layerHistograms(structure, [healthy], [sick], 3);
    expect([histogram!.low, histogram!.high]).toEqual([1, 4]);
    expect(histogram!.originals).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(histogram!.generated).toEqual([0, 0, 1]);
  });
});
