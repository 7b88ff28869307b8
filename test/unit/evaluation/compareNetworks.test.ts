import { describe, expect, test } from 'vitest';
import { baselines } from '../../../sidecar/evaluation/baselines/registry';
import type { Baseline } from '../../../sidecar/evaluation/baselines/baseline';
import { compareNetworks, type EvaluationInput } from '../../../sidecar/evaluation/compareNetworks';
import type { NetworkToTest, Tester } from '../../../sidecar/evaluation/tester';
import { userError } from '../../../sidecar/util/rpgError';
import { rejectionOf } from '../../support/errors';
import { sourceOf, structureOf } from '../../support/networks';

const tensors = [
  [0, 0],
  [0, 1],
  [0, 3],
];
const structure = structureOf(
  [{ name: 'w', values: tensors[0]! }],
  tensors.map(values => [values]),
);
const network = (name: string, values: readonly number[]): NetworkToTest => ({
  path: null,
  source: sourceOf(name, structure, [values]),
});
const originals = tensors.map((values, i) => network(`original${i}`, values));

/** Ten samples of class 0; a network gets sample floor(its second weight) wrong, so neighbours make equal mistakes. */
const expected = new Uint8Array(10);
const tester: Tester = {
  kind: 'built-in',
  title: 'by the second weight',
  concurrency: 2,
  test: ({ source }) => {
    const weight = source.read(0)[1]!;
    if (Number.isNaN(weight)) return Promise.reject(userError('test-failed', `the test of ${source.name} failed: NaN`));
    const predicted = expected.map((_, sample) => (sample === Math.min(9, Math.max(0, Math.floor(weight))) ? 1 : 0));
    return Promise.resolve({ accuracy: 0.9, loss: 0.5, predictions: { predicted, expected } });
  },
};
const input = (generated: readonly NetworkToTest[], change: Partial<EvaluationInput> = {}): EvaluationInput => ({
  structure,
  originals,
  generated,
  tester,
  baselines: [],
  networksPerBaseline: 0,
  midpoints: 5,
  seed: 1,
  ...change,
});

describe('an evaluation', () => {
  test('an original is never compared with itself, a generated copy of it is', async () => {
    const { rows, networks, leaveOneOutMedian } = await compareNetworks(input([network('copy', [0, 3])]));
    const of = (name: string) => networks.find(candidate => candidate.name === name)!;
    expect(of('original2')).toMatchObject({ maxIouWithOriginals: 0, nearestDistance: 2, nearest: 'original1' });
    expect(of('copy')).toMatchObject({ maxIouWithOriginals: 1, nearestDistance: 0, nearest: 'original2' });
    expect(leaveOneOutMedian).toBe(1); // 1, 1, 2
    expect(rows.map(row => row.nearestDistanceRatio)).toEqual([4 / 3, 0]);
    expect(rows[1]!.novelty.map(({ share }) => share)).toEqual([0, 0, 0]);
  });

  test('generated networks that make the originals’ mistakes are said to repeat them', async () => {
    // Mistakes of the originals: 0, 1, 3; three noisy ones make others. The copy makes one of theirs.
    const noisy = { name: 'noise 0.1', title: 'noisy', minOriginals: 1 };
    const make = (_: unknown, which: number) => sourceOf(`noisy ${which}`, structure, [[0, 5 + which]]);
    const near = [...originals, network('original3', [0, 1.5])]; // shares the mistake of original1
    const baseline = { ...noisy, make };
    const change = { originals: near, baselines: [baseline], networksPerBaseline: 3 };
    const { verdict } = await compareNetworks(input([network('copy', [0, 3]), network('again', [0, 3])], change));
    expect(verdict).toMatch(/^The generated networks repeat the originals: .* \(highest IoU 1\.000\)/);
  });

  test('a network that cannot be tested is recorded and left out of the means', async () => {
    const result = await compareNetworks(input([network('nan', [0, Number.NaN]), network('good', [0, 1.5])]));
    expect(result.rows[1]).toMatchObject({ count: 2, failed: 1, accuracy: { count: 1, mean: 0.9 } });
    expect(result.networks[3]).toMatchObject({
      accuracy: null,
      failure: 'the test of nan failed: NaN',
      nonFinite: 1,
      nearest: null,
    });
    // The matrix is of the others; here it is every network's own mistake, but for the neighbours 1 and 1.5.
    expect(result.iou).toEqual({
      names: ['original0', 'original1', 'original2', 'good'],
      originals: 3,
      values: [
        [1, 0, 0, 0],
        [0, 1, 0, 1],
        [0, 0, 1, 0],
        [0, 1, 0, 1],
      ],
    });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  test('matrix, ensembles, midpoints and diversity', async () => {
    const result = await compareNetworks(input([network('a', [0, 1.5]), network('b', [4, 3])]));
    expect(result.iou).toMatchObject({ originals: 3, names: ['original0', 'original1', 'original2', 'a', 'b'] });
    expect(result.iou!.values[1]).toEqual([0, 1, 0, 1, 0]);
    // Every mistake is one network's own: outvoted, or tied with the lower class, which is the right one.
    expect(result.ensembles).toEqual([
      { title: 'originals', networks: 3, accuracy: 1 },
      { title: 'generated', networks: 2, accuracy: 1 },
      { title: 'originals and generated', networks: 5, accuracy: 1 },
    ]);
    expect(result.midpoints).toEqual([
      { name: 'a', nearest: 'original1', accuracy: 0.9, barrier: 0 },
      { name: 'b', nearest: 'original2', accuracy: 0.9, barrier: 0 },
    ]);
    expect(result.diversity).toMatchObject({ covered: 2, originals: 3 });
    expect(result.diversity.generatedSpread).toBeCloseTo(Math.hypot(4, 1.5), 6);
  });

  test('every usable baseline is a row, the others are noted', async () => {
    const result = await compareNetworks(input([], { baselines, networksPerBaseline: 2 }));
    expect(result.rows.map(({ group }) => group)).toContain('baseline: noise 0.03');
    const counts = result.rows.slice(2).map(({ group, count }) => [group, count]);
    expect(counts.filter(([, count]) => count !== 2)).toEqual([['baseline: average of all', 1]]);
    expect(result.notes).toEqual(['Too few originals for: averages of 16.']);
  });

  test('noise grows until it is as far from the originals as the generated networks', async () => {
    // Networks are right but where their weight is off: the farther, the more samples they get wrong.
    const byDistance: Tester = {
      ...tester,
      test: ({ source }) => {
        const nWrong = Math.min(10, Math.round(Math.abs(source.read(0)[1]!)));
        const predicted = expected.map((_, sample) => (sample < nWrong ? 1 : 0));
        return Promise.resolve({ accuracy: 1 - nWrong / 10, loss: 0.5, predictions: { predicted, expected } });
      },
    };
    const made: number[] = [];
    const level = (noise: number, off: number): Baseline => ({
      name: `noise ${noise}`,
      title: '',
      minOriginals: 1,
      make: (_, which) => {
        made.push(noise);
        return sourceOf(`noise ${noise} #${which}`, structure, [[0, off]]);
      },
    });
    const near = [network('a', [0, 1]), network('b', [0, 1.2])];
    const { rows, verdict } = await compareNetworks(
      input([network('far', [0, 5]), network('far too', [0, 5.2])], {
        tester: byDistance,
        originals: near,
        baselines: [level(0.1, 2)],
        strongerNoise: [level(0.2, 4), level(0.3, 6), level(0.5, 9)],
        networksPerBaseline: 2,
      }),
    );
    expect(rows.map(({ group }) => group)).toContain('baseline: noise 0.3');
    expect(made).toEqual([0.1, 0.1, 0.2, 0.2, 0.3, 0.3]); // the next would be farther than needed
    expect(verdict).toMatch(/noise of about 0\.2[0-9]*/);
  });

  test('the same seed gives the same record', async () => {
    const run = () => compareNetworks(input([], { baselines, networksPerBaseline: 3 }));
    expect(await run()).toEqual(await run());
  });

  test('without predictions similarity is unknown, not zero', async () => {
    const blind: Tester = { ...tester, test: () => Promise.resolve({ accuracy: 0.9, loss: null, predictions: null }) };
    const result = await compareNetworks(input([network('a', [0, 1])], { tester: blind }));
    expect(result.rows[1]).toMatchObject({ maxIouWithOriginals: null, iouInside: null, meanLoss: null });
    expect(result.ensembles).toEqual([]);
    expect(result.notes[0]).toMatch(/tells no predictions/);
  });

  test('predictions of other samples, or in another order, are not compared', async () => {
    const shuffled = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const restless: Tester = {
      ...tester,
      async test(tested) {
        const outcome = await tester.test(tested);
        if (tested.source.name !== 'shuffled') return outcome;
        return { ...outcome, predictions: { predicted: shuffled, expected: shuffled } };
      },
    };
    const generated = [network('shuffled', [0, 1]), network('good', [0, 1.5])];
    const result = await compareNetworks(input(generated, { tester: restless }));
    expect(result.iou!.names).toEqual(['original0', 'original1', 'original2', 'good']);
    expect(result.networks[3]).toMatchObject({ accuracy: 0.9, maxIouWithOriginals: null });
    expect(result.ensembles[1]).toMatchObject({ title: 'generated', networks: 1 });
    expect(result.notes).toEqual([
      'The predictions of 1 network (shuffled) are not of the same samples in the same order as those of original0; they are left out of similarity and ensembles. Test without shuffling.',
    ]);
  });

  test('without a test networks are compared by their weights', async () => {
    const result = await compareNetworks(
      input([network('a', [0, 1.5]), network('copy', [0, 3])], { tester: null, baselines, networksPerBaseline: 1 }),
    );
    expect(result.test).toEqual({ kind: 'none', title: 'no test, weights only', samples: null });
    expect(result.rows[1]).toMatchObject({ count: 2, failed: 0, accuracy: null, nearestDistance: 0.25 });
    expect(result.rows.every(({ nearestDistance, novelty }) => nearestDistance !== null && novelty.length === 0)).toBe(
      true,
    );
    expect(result.networks.every(({ accuracy, failure }) => accuracy === null && failure === null)).toBe(true);
    expect([result.iou, result.ensembles, result.midpoints]).toEqual([null, [], []]);
    expect(result.notes).toEqual([
      'Nothing was tested: accuracy, similarity and novelty are missing, and distances alone say little.',
      'Too few originals for: averages of 16.',
    ]);
  });

  test('it can be cancelled', async () => {
    const abort = new AbortController();
    const error = await rejectionOf(() =>
      compareNetworks(input([network('a', [0, 1])]), { signal: abort.signal, report: () => abort.abort() }),
    );
    expect(error.blame).toBe('cancelled');
  });
});
