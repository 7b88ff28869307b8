import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';
import { startWasmBackend } from '../../sidecar/engine/portable/devices/wasmBackend';
import { gelu, silu, softplus } from '../../sidecar/engine/portable/ops/activations';
import { batchNorm } from '../../sidecar/engine/portable/ops/batchNorm';
import { causalConv1d } from '../../sidecar/engine/portable/ops/causalConv1d';
import { conv1d } from '../../sidecar/engine/portable/ops/conv1d';
import { gatherRows } from '../../sidecar/engine/portable/ops/gatherRows';
import { addBias, batchMatMul, linear, matMul } from '../../sidecar/engine/portable/ops/matMul';
import { layerNorm, rmsNorm, standardNorm } from '../../sidecar/engine/portable/ops/norms';
import { segmentDecay } from '../../sidecar/engine/portable/ops/segmentDecay';
import { ssd, ssdReference, type SsdInputs } from '../../sidecar/engine/portable/ops/ssd';
import { tf, useBackend, type Tensor } from '../../sidecar/engine/portable/tf';
import { gradientError, largestDifference, randomTensor } from '../support/gradients';

// Ranks are those of the shapes beside them; the operations' own types are exact, the table's cannot be.
type Op = (...inputs: never[]) => Tensor;
const positive = (t: Tensor) => tf.add(tf.abs(t), 0.1);

const operations: [name: string, op: Op, shapes: number[][]][] = [
  ['matMul', matMul, [[2, 3], [3, 5]]],
  ['batchMatMul', batchMatMul, [[2, 3, 5], [2, 5, 7]]],
  ['linear', linear, [[3, 5], [7, 5]]],
  ['addBias', addBias, [[3, 5], [5]]],
  ['silu', silu, [[2, 3, 5]]],
  ['softplus', softplus, [[3, 5]]],
  ['gelu', gelu, [[3, 5]]],
  ['rmsNorm', rmsNorm, [[3, 5], [5]]],
  ['layerNorm', layerNorm, [[3, 5], [5], [5]]],
  ['standardNorm', standardNorm, [[3, 5]]],
  ['causalConv1d', causalConv1d, [[2, 7, 3], [3, 1, 4], [3]]],
  ['causalConv1d of a sequence shorter than its filter', causalConv1d, [[2, 2, 3], [3, 1, 4], [3]]],
  ['conv1d', conv1d, [[2, 11, 3], [5, 3, 7], [5]]],
  ['conv1d narrower than its filter', conv1d, [[2, 3, 3], [5, 3, 7], [5]]],
  ['conv1d with one tap', conv1d, [[2, 3, 2], [5, 2, 1], [5]]],
  ['batchNorm', (x, w, b) => batchNorm(x, w, b, () => undefined), [[13, 3], [3], [3]]],
  ['gatherRows with a row taken twice', x => gatherRows(x, tf.tensor1d([3, 0, 3], 'int32')), [[5, 2]]],
  ['segmentDecay', (a: Tensor) => segmentDecay(tf.neg(positive(a)) as tf.Tensor2D), [[2, 5]]],
]; // prettier-ignore

describe.each([
  ['cpu', () => useBackend('cpu')],
  ['wasm', () => startWasmBackend()],
])('on %s', (_, start) => {
  beforeAll(start);
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each(operations)('%s: gradients agree with finite differences', (_name, op, shapes) => {
    const inputs = shapes.map((shape, i) => randomTensor(shape, i + 1));
    expect(gradientError(op as (...inputs: Tensor[]) => Tensor, inputs)).toBeLessThan(2e-3);
  });

  it('the chunked state space equals the recurrence for any length, forward and backward', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 17 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 99 }),
        (l, chunk, seed) => {
          tf.tidy(() => {
            const inputs = ssdInputs(l, seed);
            const run = (f: (x: SsdInputs) => Tensor) => {
              const weights = randomTensor([2, l, 3, 5], 9);
              return tf.valueAndGrads((x, dt, A, B, C) =>
                tf.sum<tf.Scalar>(tf.mul(f({ x, dt, A, B, C } as SsdInputs), weights)),
              )(Object.values(inputs) as Tensor[]);
            };
            const fast = run(x => ssd(x, chunk));
            const slow = run(ssdReference);
            expect(largestDifference(ssd(inputs, chunk), ssdReference(inputs))).toBeLessThan(1e-5);
            fast.grads.forEach((g, i) => expect(largestDifference(g, slow.grads[i]!)).toBeLessThan(2e-4));
          });
        },
      ),
      { numRuns: 12 },
    );
  });

  it('softplus does not overflow', () => {
    const values = softplus(tf.tensor1d([-200, 0, 200])).dataSync();
    expect(values[0]).toBeCloseTo(0, 6);
    expect(values[1]).toBeCloseTo(Math.LN2, 6);
    expect(values[2]).toBeCloseTo(200, 4);
  });

  it('a decay over a segment too long for exp is zero, not NaN, and so is its gradient', () => {
    const a = tf.fill<tf.Rank.R2>([1, 3], -100);
    const value = segmentDecay(a).dataSync();
    expect([...value].map(v => +v.toFixed(6))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    const gradient = tf.grad(x => tf.sum(segmentDecay(x as tf.Tensor2D)))(a);
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });
});

/** Two sequences of l positions, 3 heads of 5, state 7. */
function ssdInputs(l: number, seed: number): SsdInputs {
  return {
    x: randomTensor([2, l, 3, 5], seed),
    dt: positive(randomTensor([2, l, 3], seed + 1)) as tf.Tensor3D,
    A: tf.neg(positive(randomTensor([3], seed + 2))) as tf.Tensor1D,
    B: randomTensor([2, l, 7], seed + 3),
    C: randomTensor([2, l, 7], seed + 4),
  };
}
