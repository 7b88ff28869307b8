// Mamba-2 on the SIMD kernel against the composition of tfjs operations.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { startWasmBackend } from '../../sidecar/engine/portable/devices/wasmBackend';
import {
  createKernelRecurrent,
  createTfRecurrent,
  type Recurrent,
} from '../../sidecar/engine/portable/recurrent/registry';
import { KernelMamba, kernelFits } from '../../sidecar/engine/portable/recurrent/mambaKernel';
import { tf, type Tensor3D } from '../../sidecar/engine/portable/tf';
import { Weights } from '../../sidecar/engine/portable/weights';
import { initialWeights } from '../../sidecar/model/initialValues';
import type { MambaLayerSpec } from '../../sidecar/model/recurrent/mamba';
import { parameterInventory } from '../../sidecar/model/parameterInventory';
import { randomTensor } from '../support/gradients';
import { kernelPrograms } from '../support/kernelPrograms';
import { tinySpec } from '../support/specs';

beforeAll(() => startWasmBackend());

describe.each(kernelPrograms())('Mamba-2 on the kernel, %s', (_, start) => {
  it('equals the tfjs operations in values and every gradient, for any sizes', () => {
    fc.assert(
      fc.property(
        fc.record({
          dModel: fc.integer({ min: 1, max: 19 }),
          dBetween: fc.integer({ min: 1, max: 35 }),
          nHeads: fc.integer({ min: 1, max: 3 }),
          headDim: fc.constantFrom(32, 64),
          dState: fc.integer({ min: 1, max: 7 }),
          dConv: fc.integer({ min: 2, max: 4 }),
          sequences: fc.integer({ min: 1, max: 3 }),
          length: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 31, max: 70 })),
        }),
        ({ dModel, dBetween, nHeads, headDim, dState, dConv, sequences, length }) => {
          const layer = (from: number, to: number): MambaLayerSpec => ({ dModel: from, dOutput: to, dInner: nHeads * headDim, dState, dConv, headDim, nHeads }); // prettier-ignore
          const recurrent = { kind: 'mamba' as const, layers: [layer(dModel, dBetween), layer(dBetween, 5)] };
          const spec = tinySpec({ recurrent, nTokens: length, dModel, dPrototype: 5 });
          const weights = new Weights(parameterInventory(spec));
          weights.write(initialWeights(spec, length, null));
          const x: Tensor3D = randomTensor([sequences, length, dModel], 1);
          const dy: Tensor3D = randomTensor([sequences, length, 5], 2);
          const kernel = observe(new KernelMamba(recurrent, weights, start()), weights, x, dy);
          const plain = observe(createTfRecurrent(recurrent, weights), weights, x, dy);
          weights.dispose();
          expect(Object.keys(kernel)).toEqual(Object.keys(plain));
          // Sums that cancel, such as the gradient of a single D, are measured by the largest gradient.
          const floor = 0.02 * Math.max(...Object.keys(plain).map(name => norm(plain[name]!)));
          for (const [name, values] of Object.entries(kernel)) {
            const error = norm(values.map((v, i) => v - plain[name]![i]!)) / Math.max(norm(plain[name]!), floor);
            expect(error, name).toBeLessThan(name === 'y' ? 1e-5 : 2e-4);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

it('leaves heads that its vectors do not fit to the tfjs operations', () => {
  const layer = { dModel: 2, dOutput: 2, dInner: 24, dState: 3, dConv: 4, headDim: 24, nHeads: 1 };
  expect(kernelFits({ kind: 'mamba', layers: [layer] })).toBe(false);
  expect(kernelFits({ kind: 'mamba', layers: [{ ...layer, dInner: 64, headDim: 64 }] })).toBe(true);
});

it.each(kernelPrograms())('leaves models that it does not know to the tfjs operations, %s', (_, start) => {
  const recurrent = { kind: 'lstm', dModel: 6, nLayers: 1 } as const;
  const weights = new Weights(parameterInventory(tinySpec({ recurrent })));
  expect(createKernelRecurrent(recurrent, weights, start())).not.toBeInstanceOf(KernelMamba);
  weights.dispose();
});

/** The output and all gradients of Σ y · dy, by name. */
function observe(model: Recurrent, weights: Weights, x: Tensor3D, dy: Tensor3D): Record<string, Float32Array> {
  const entries = weights.inventory.filter(({ name }) => name.startsWith('model.mamba_forward'));
  const seen: Record<string, Float32Array> = {};
  const { value, grads } = tf.engine().gradients(
    () => {
      const y = model.run(x);
      seen.y = y.dataSync<'float32'>().slice();
      return tf.sum<tf.Scalar>(tf.mul(y, dy));
    },
    [x, ...entries.map(({ name }) => weights.get(name))],
    undefined,
    true,
  );
  value.dispose();
  ['x', ...entries.map(({ name }) => name)].forEach((name, i) => {
    seen[`d ${name}`] = grads[i]!.dataSync<'float32'>().slice();
    grads[i]!.dispose();
  });
  return seen;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
}
