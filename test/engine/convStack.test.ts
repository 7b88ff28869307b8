// The SIMD kernel against the composition of tfjs operations, and the kernel's bytes against its source.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasmBackend } from '../../sidecar/engine/portable/devices/wasmBackend';
import { createKernelConvStack } from '../../sidecar/engine/portable/stack/kernelConvStack';
import { kernelSourceSha256 } from '../../sidecar/engine/portable/kernel/kernelBytes';
import type { ConvStack } from '../../sidecar/engine/portable/stack/convStack';
import { createTfConvStack } from '../../sidecar/engine/portable/stack/tfConvStack';
import { tf, type Tensor, type Tensor2D } from '../../sidecar/engine/portable/tf';
import { Weights } from '../../sidecar/engine/portable/weights';
import { initialWeights } from '../../sidecar/model/initialValues';
import { parameterInventory } from '../../sidecar/model/parameterInventory';
import { randomTensor } from '../support/gradients';
import { kernelPrograms } from '../support/kernelPrograms';
import { tinySpec } from '../support/specs';

beforeAll(() => startWasmBackend());

it('the kernel was compiled from the sources beside it', () => {
  const hash = createHash('sha256');
  for (const file of ['simd.h', 'blocks.h', 'convStack.c', 'mamba.c', 'kernel.c']) {
    hash.update(readFileSync(`sidecar/engine/portable/kernel/${file}`));
  }
  expect(hash.digest('hex')).toBe(kernelSourceSha256);
});

describe.each(kernelPrograms())('kernelConvStack on %s', (_, start) => {
  it('equals the tfjs operations in values, statistics, gradients and sampling, for any sizes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          dim: fc.oneof(fc.integer({ min: 1, max: 37 }), fc.integer({ min: 49, max: 72 }), fc.constantFrom(128, 150)),
          rows: fc.integer({ min: 1, max: 9 }),
          kernelSize: fc.constantFrom(1, 3, 7, 11),
          channels: fc.tuple(
            fc.integer({ min: 1, max: 9 }),
            fc.integer({ min: 1, max: 9 }),
            fc.integer({ min: 1, max: 9 }),
          ),
          deep: fc.boolean(),
        }),
        async ({ dim, rows, kernelSize, channels: [a, b, c], deep }) => {
          fc.pre(dim * rows >= 32); // batch statistics of a few values amplify rounding beyond comparing
          const layerChannels = deep ? [1, a, b, c, b, a, 1] : [1, a, b, a, 1];
          const spec = tinySpec({ dimPerToken: dim, denoiser: { layerChannels, kernelSize } });
          const weights = new Weights(parameterInventory(spec));
          weights.write(initialWeights(spec, dim * rows, null));
          const kernel = await observe(
            createKernelConvStack(spec, weights, () => undefined, start()),
            weights,
            rows,
            dim,
          );
          const plain = await observe(createTfConvStack(spec, weights), weights, rows, dim);
          weights.dispose();
          expect(Object.keys(kernel)).toEqual(Object.keys(plain));
          // The weight of a convolution with one input and one tap only scales what the norm divides out again: its
          // gradient is zero but for rounding. Small gradients are therefore measured by the largest.
          const gradients = Object.keys(plain).filter(name => name.startsWith('d '));
          const floor = 0.02 * Math.max(...gradients.map(name => norm(plain[name]!)));
          for (const [name, values] of Object.entries(kernel)) {
            const [scale, limit] = name.startsWith('d ') ? [floor, 5e-3] : [1e-2, 1e-4];
            // With one input and one tap a small weight beside a bias of order one: the norm divides the bias' rounding by it.
            const slack = kernelSize === 1 ? 20 : 1;
            expect(distance(values, plain[name]!) / Math.max(norm(plain[name]!), scale), name).toBeLessThan(
              limit * slack,
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('lets NaN through, so that a broken step is seen in its loss', () => {
    const dim = 70; // whole vectors of every build, and a rest
    const spec = tinySpec({ dimPerToken: dim, denoiser: { layerChannels: [1, 8, 8, 1], kernelSize: 7 } });
    const weights = new Weights(parameterInventory(spec));
    weights.write(initialWeights(spec, 1, null));
    const stack = createKernelConvStack(spec, weights, () => undefined, start());
    const [cond, time] = [2, 3].map(seed => randomTensor([3, dim] as const, seed)) as [Tensor2D, Tensor2D];
    const x: Tensor2D = tf.fill([3, dim], NaN);
    const predicted = stack.train({ x, cond, time }, () => undefined).dataSync<'float32'>();
    expect(predicted.every(Number.isNaN)).toBe(true);
    stack.dispose();
    weights.dispose();
  });
});

/** Everything a stack computes, by name. */
async function observe(
  stack: ConvStack,
  weights: Weights,
  rows: number,
  dim: number,
): Promise<Record<string, Float32Array>> {
  const [x, cond, time, dy] = [1, 2, 3, 4].map(seed => randomTensor([rows, dim] as const, seed)) as [
    Tensor2D,
    Tensor2D,
    Tensor2D,
    Tensor2D,
  ];
  const seen: Record<string, Float32Array> = {};
  const entries = weights.inventory.filter(
    e => /encoder_list|decoder_list/.test(e.name) && e.trainable && !e.zeroGradient,
  );
  const parameters: Tensor[] = entries.map(e => weights.get(e.name));
  const { value, grads } = tf.engine().gradients(
    () => {
      const predicted = stack.train({ x, cond, time }, (layer, mean, variance) => {
        seen[`mean ${layer}`] = mean.dataSync<'float32'>();
        seen[`variance ${layer}`] = variance.dataSync<'float32'>();
      });
      seen.predicted = predicted.dataSync<'float32'>();
      return tf.sum(tf.mul(predicted, dy));
    },
    [cond, time, ...parameters],
    undefined,
    true,
  );
  value.dispose();
  ['cond', 'time', ...entries.map(e => e.name)].forEach(
    (name, i) => (seen[`d ${name}`] = grads[i]!.dataSync<'float32'>()),
  );
  const run = stack.startSampling(x.dataSync<'float32'>().slice(), cond);
  const oneTime = tf.slice(time, [0, 0], [1, dim]);
  run.step(oneTime, { a: 0.9, b: -0.3, sigma: 0.5 }, out => out.forEach((_, i) => (out[i] = Math.sin(i))));
  run.step(oneTime, { a: 1.1, b: -0.2, sigma: 0 }, () => expect.unreachable('no noise is asked for where sigma is 0'));
  seen.sample = await run.read();
  run.dispose();
  stack.dispose();
  return seen;
}

function distance(a: Float32Array, b: Float32Array): number {
  return norm(a.map((v, i) => v - b[i]!));
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
}
