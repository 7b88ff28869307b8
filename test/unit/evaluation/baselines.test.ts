import { describe, expect, test } from 'vitest';
import { slerp } from '../../../sidecar/evaluation/baselines/slerp';
import { baselines } from '../../../sidecar/evaluation/baselines/registry';
import { normalise } from '../../../sidecar/tokenizer/structure';
import { seededRandom } from '../../../sidecar/util/seededRandom';
import { sourceOf, structureOf } from '../../support/networks';

/** 17 originals of one weight, one variance and one fixed tensor. */
const random = seededRandom(43);
const nWeights = 2_000;
const values = Array.from({ length: 17 }, (_, network) => [
  Array.from({ length: nWeights }, () => 3 + 0.5 * random.normal()),
  Array.from({ length: 5 }, () => 1 + random.uniform()),
  [network],
]);
const structure = structureOf(
  [
    { name: 'w', values: values[0]![0]! },
    { name: 'bn.running_var', values: values[0]![1]! },
    { name: 'bn.num_batches_tracked', values: [0] },
  ],
  values,
);
const originals = values.map((tensors, i) => sourceOf(`o${i}`, structure, tensors));
const input = { structure, originals, seed: 47 };
const baseline = (name: string) => baselines.find(candidate => candidate.name === name)!;

describe.each(baselines)('$name', ({ make, minOriginals, distinct }) => {
  test('the same seed gives the same network, whatever is read first', () => {
    const [a, b] = [make(input, 2), make(input, 2)];
    const backwards = [2, 1, 0].map(index => b.read(index)).toReversed();
    expect([0, 1, 2].map(index => a.read(index))).toEqual(backwards);
    expect(a.name).toBe(b.name);
  });
  test.skipIf(distinct === 1)('another index gives another network', () => {
    expect(make(input, 0).read(0)).not.toEqual(make(input, 1).read(0));
  });
  test('variances stay positive and originals are not changed', () => {
    const before = originals.map(original => original.read(0).slice());
    for (let which = 0; which < 5; which++)
      expect(
        make(input, which)
          .read(1)
          .every(v => v > 0),
      ).toBe(true);
    expect(originals.map(original => original.read(0))).toEqual(before);
  });
  test('the fewest originals it asks for are enough', () => {
    const few = { ...input, originals: originals.slice(0, minOriginals) };
    expect(make(few, 3).read(0)).toHaveLength(nWeights);
  });
});

test.each([0.01, 0.03, 0.1])('noise %f has that deviation on normalised weights', amplitude => {
  const one = { ...input, originals: [originals[0]!] };
  const parameter = structure.parameters[0]!;
  const [noisy, clean] = [baseline(`noise ${amplitude}`).make(one, 0).read(0), originals[0]!.read(0)].map(weights => {
    const normalised = new Float32Array(nWeights);
    normalise(parameter, weights, normalised);
    return normalised;
  });
  const squares = noisy!.reduce((sum, value, i) => sum + (value - clean![i]!) ** 2, 0);
  expect(Math.sqrt(squares / nWeights) / amplitude).toBeCloseTo(1, 1);
});

test('a midpoint of the only pair is its mean', () => {
  const pair = { ...input, originals: originals.slice(0, 2) };
  const [a, b] = pair.originals.map(original => original.read(0));
  const middle = baseline('midpoints').make(pair, 0).read(0);
  expect([...middle]).toEqual([...a!].map((value, i) => Math.fround((value + b![i]!) / 2)));
});

test('averages of 16 shrink the spread of independent weights to a quarter', () => {
  const average = baseline('averages of 16').make(input, 0).read(0);
  const deviation = Math.sqrt(average.reduce((sum, value) => sum + (value - 3) ** 2, 0) / nWeights);
  expect(deviation / 0.5).toBeCloseTo(0.25, 1);
});

test('the Gaussian has each weight’s own mean and deviation', () => {
  const networks = Array.from({ length: 400 }, (_, which) =>
    baseline('per-weight Gaussian').make(input, which).read(1),
  );
  for (let i = 0; i < 5; i++) {
    const drawn = networks.map(network => network[i]!);
    const own = originals.map(original => original.read(1)[i]!);
    const moments = [drawn, own].map(list => {
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
      return { mean, sd: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (list.length - 1)) };
    });
    expect(Math.abs(moments[0]!.mean - moments[1]!.mean)).toBeLessThan(0.06);
    expect(moments[0]!.sd / moments[1]!.sd).toBeGreaterThan(0.85);
    expect(moments[0]!.sd / moments[1]!.sd).toBeLessThan(1.15);
  }
});

describe('a point on the arc between two originals', () => {
  const [east, north] = [Float32Array.of(2, 0, 0), Float32Array.of(0, 2, 0)];

  test('keeps the length that a midpoint loses', () => {
    const half = slerp(east, north, 0.5);
    expect([...half]).toEqual([Math.SQRT2, Math.SQRT2, 0].map(value => expect.closeTo(value, 6) as number));
    expect(Math.hypot(...slerp(east, north, 0.2))).toBeCloseTo(2, 6);
  });

  test('has the originals at its ends', () => {
    expect([...slerp(east, north, 0)]).toEqual([2, 0, 0].map(value => expect.closeTo(value, 6) as number));
    expect([...slerp(east, north, 1)]).toEqual([0, 2, 0].map(value => expect.closeTo(value, 6) as number));
  });

  test('is one of the line where the arc is none: the same direction, the opposite one, nothing at all', () => {
    const zeros = new Float32Array(3);
    const east4 = Float32Array.of(4, 0, 0);
    expect([...slerp(east, east4, 0.25)]).toEqual([2.5, 0, 0]);
    expect([...slerp(east, Float32Array.of(-2, 0, 0), 0.25)]).toEqual([1, 0, 0]);
    expect([...slerp(zeros, east, 0.5)]).toEqual([1, 0, 0]);
  });

  test('lies between two of them in every network', () => {
    const network = baseline('slerp').make(input, 3);
    const made = network.read(0);
    const distances = originals
      .map(original => Math.hypot(...original.read(0).map((value, i) => value - made[i]!)))
      .sort((a, b) => a - b);
    expect(distances[0]!).toBeLessThan(0.8 * distances[2]!); // whose own ends are nearer than any other
  });
});
