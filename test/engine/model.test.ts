// The contract of sidecar/engine/engine.ts, the same for every device that is available here.
import { beforeAll, describe, expect, it } from 'vitest';
import type { EngineDevice, Model, NamedArrays, OpenOptions, SampleRequest } from '../../sidecar/engine/engine';
import { listDevices, selectDevice } from '../../sidecar/engine/registry';
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { createSchedule } from '../../sidecar/model/schedule';
import { bits } from '../support/bits';
import { mambaLayer, tinyBatch, tinySpec } from '../support/specs';

const options: OpenOptions = { seed: 4, workers: 1, precision: 'float32', optimizerState: 'float32' };
const hyper = { step: 1, learningRate: 0.01, weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Every family member once: recurrent models, conditions, ablations. */
const specs: Record<string, ModelSpec> = {
  'mamba': tinySpec({ nTokens: 7, rowsPerStep: 6, recurrent: { kind: 'mamba', layers: [mambaLayer(6), mambaLayer(6)] } }),
  'a wider second mamba layer': tinySpec({ dPrototype: 10, recurrent: { kind: 'mamba', layers: [mambaLayer(6), mambaLayer(6, 10)] } }),
  'lstm': tinySpec({ recurrent: { kind: 'lstm', dModel: 6, nLayers: 2 } }),
  'transformer': tinySpec({ recurrent: { kind: 'transformer', dModel: 6, nLayers: 1, nHeads: 2, dimHead: 5, dimFeedforward: 7 } }),
  'transformer without to_out': tinySpec({ recurrent: { kind: 'transformer', dModel: 6, nLayers: 1, nHeads: 2, dimHead: 3, dimFeedforward: 7 } }),
  'gmlp': tinySpec({ recurrent: { kind: 'gmlp', dModel: 6, nLayers: 3, expand: 2 } }),
  'a gated task condition': tinySpec({ nTokens: 10, rowsPerStep: 20, usePermutationState: false, condition: { kind: 'task', dCondition: 5, taskBits: 3 } }),
  'a condition for every token': tinySpec({ usePermutationState: false, condition: { kind: 'taskFull', dCondition: 5, taskBits: 3 } }),
  'a trained position embedding': tinySpec({ trainPositionEmbedding: true }),
  'no diffusion': tinySpec({ denoiser: null, dimPerToken: 6 }),
}; // prettier-ignore

const devices = await listDevices();

describe.each(devices.map(device => [`${device.engine}/${device.device}`, device] as const))('%s', (name, device) => {
  let unavailable: string | null = null;
  beforeAll(async () => {
    const probe = await device.probe();
    if (probe.kind === 'unavailable') unavailable = probe.reason;
  });

  describe.each(Object.entries(specs))('%s', (_, spec) => {
    it('has the gradients that finite differences give', async ({ skip }) => {
      if (unavailable !== null) skip(`${name}: ${unavailable}`);
      await withModel(device, spec, async model => {
        expect(await gradientError(model, spec)).toBeLessThan(0.02);
      });
    });

    it('takes a training step that changes its weights', async ({ skip }) => {
      if (unavailable !== null) skip(`${name}: ${unavailable}`);
      await withModel(device, spec, async model => {
        const before = bits(await model.readWeights());
        expect((await model.step(tinyBatch(spec), hyper)).loss).toBeGreaterThan(0);
        expect(bits(await model.readWeights())).not.toEqual(before);
      });
    });
  });

  it('lowers the loss of a batch it is trained on', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs.mamba!;
    await withModel(device, spec, async model => {
      const losses = [];
      for (let step = 1; step <= 12; step++) {
        losses.push((await model.step(tinyBatch(spec), { ...hyper, step, weightDecay: 0 })).loss);
      }
      expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
    });
  });

  it('continues to the bit from weights and optimizer state that were read and written', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs.mamba!;
    await withModel(device, spec, async original => {
      await original.step(tinyBatch(spec), hyper);
      const weights = await original.readWeights();
      const state = await original.readOptimizerState();
      await withModel(device, spec, async resumed => {
        await resumed.writeWeights(weights);
        await resumed.writeOptimizerState(state);
        for (const model of [original, resumed]) await model.step(tinyBatch(spec, 2), { ...hyper, step: 2 });
        expect(bits(await resumed.readWeights())).toEqual(bits(await original.readWeights()));
        expect(bits(await resumed.readOptimizerState())).toEqual(bits(await original.readOptimizerState()));
      });
    });
  });

  it('leaves a permutation embedding alone that the model does not use', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs['a gated task condition']!;
    await withModel(device, spec, async model => {
      const before = (await model.readWeights()).get('to_permutation_state.weight');
      await model.step(tinyBatch(spec), hyper);
      expect((await model.readWeights()).get('to_permutation_state.weight')).toEqual(before);
    });
  });

  it('samples a network the same alone and among others', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs.mamba!;
    await withModel(device, spec, async model => {
      const all = await model.sample(sampleRequest(spec, [0, 1, 2], 0));
      const last = await model.sample(sampleRequest(spec, [2], 2));
      const size = spec.nTokens * spec.dimPerToken;
      expect(all).toHaveLength(3 * size);
      last.forEach((value, i) => expect(value).toBeCloseTo(all[2 * size + i]!, 4));
    });
  });

  it('reports progress up to 1 and stops when told', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs.mamba!;
    await withModel(device, spec, async model => {
      const seen: number[] = [];
      await model.sample({ ...sampleRequest(spec, [0, 1], 0), onProgress: fraction => seen.push(fraction) });
      expect(seen.at(-1)).toBe(1);
      const controller = new AbortController();
      const request = sampleRequest(spec, [0, 1], 0);
      const running = model.sample({ ...request, signal: controller.signal, onProgress: () => controller.abort() });
      await expect(running).rejects.toMatchObject({ blame: 'cancelled' });
      // and is usable afterwards
      expect(await model.sample(sampleRequest(spec, [0], 0))).toHaveLength(spec.nTokens * spec.dimPerToken);
    });
  });

  it('refuses weights and optimizer state of another model', async ({ skip }) => {
    if (unavailable !== null) skip(`${name}: ${unavailable}`);
    const spec = specs.gmlp!;
    await withModel(device, spec, async model => {
      const weights = await model.readWeights();
      weights.delete('model.pe');
      await expect(model.writeWeights(weights)).rejects.toThrow(/model\.pe.*is missing/);
      const state = await model.readOptimizerState();
      state.set('exp_avg.foreign', { shape: [1], data: new Float32Array(1) });
      await expect(model.writeOptimizerState(state)).rejects.toThrow(/foreign/);
    });
  });
});

describe('portable/wasm with several workers', () => {
  const open = (workers: number, run: (model: Model) => Promise<void>, spec = specs.mamba!) =>
    selectDevice({ engine: 'portable', device: 'wasm' }).then(({ device }) => withModel(device, spec, run, workers));

  it.each([2, 3, 6])(
    'computes with %i what one computes: loss, gradients, statistics, prototypes, noise',
    async workers => {
      const spec = specs.mamba!;
      await open(1, async one =>
        open(workers, async many => {
          const [a, b] = [await one.gradients(tinyBatch(spec)), await many.gradients(tinyBatch(spec))];
          expect(b.loss).toBeCloseTo(a.loss, 5);
          closeTo(b.prototypes, a.prototypes);
          closeTo(b.predictedNoise!, a.predictedNoise!);
          for (const [name, { data }] of a.gradients) closeTo(b.gradients.get(name)!.data, data);
          for (const model of [one, many]) await model.step(tinyBatch(spec), { ...hyper, learningRate: 0 });
          const [left, right] = [await one.readWeights(), await many.readWeights()];
          for (const [name, { data }] of left) closeTo(right.get(name)!.data, data);
        }),
      );
    },
  );

  it('gives the same bits again with the same seed and workers', async () => {
    const spec = specs.mamba!;
    const run = async (): Promise<string[]> => {
      let result: string[] = [];
      await open(3, async model => {
        for (let step = 1; step <= 3; step++) await model.step(tinyBatch(spec, step), { ...hyper, step });
        result = bits(await model.readWeights());
      });
      return result;
    };
    expect(await run()).toEqual(await run());
  });

  it('starts no more workers than there are rows in a step', async () => {
    await open(64, async model => {
      expect(model.description).toContain('6 workers');
      await model.step(tinyBatch(specs.mamba!), hyper);
    });
  });

  it('fails as a whole, with the reason, when one worker fails, and does not hang', async () => {
    await open(2, async model => {
      const bad = { ...tinyBatch(specs.mamba!), rows: Int32Array.of(0, 1, 2, 3, 4, 999) };
      await expect(model.step(bad, hyper)).rejects.toThrow('token row 999');
      await expect(model.step(tinyBatch(specs.mamba!), hyper)).rejects.toThrow('token row 999');
    });
  });
});

async function withModel(
  device: EngineDevice,
  spec: ModelSpec,
  run: (model: Model) => Promise<void>,
  workers = 1,
): Promise<void> {
  const model = await device.open(spec, { ...options, workers, positionEmbedding: sines(spec.nTokens * spec.dModel) });
  try {
    await run(model);
  } finally {
    await model.dispose();
  }
}

/**
 * Worst parameter's difference between its gradient along a direction and the loss's central difference, relative to the
 * lengths of both. Batch statistics make the loss of a few values rough: parameters with tiny gradients are left out.
 */
async function gradientError(model: Model, spec: ModelSpec): Promise<number> {
  const batch = tinyBatch(spec);
  const { gradients } = await model.gradients(batch);
  const weights = await model.readWeights();
  const largest = Math.max(...[...gradients.values()].map(g => norm(g.data)));
  let worst = 0;
  for (const [name, gradient] of gradients) {
    if (norm(gradient.data) < 1e-3 * largest) continue;
    const direction = gradient.data.map(v => v / norm(gradient.data));
    const lossAt = async (amount: number): Promise<number> => {
      const moved: NamedArrays = new Map(weights);
      const { shape, data } = weights.get(name)!;
      moved.set(name, { shape, data: data.map((v, i) => v + amount * direction[i]!) });
      await model.writeWeights(moved);
      return (await model.gradients(batch)).loss;
    };
    const step = 0.004;
    const numeric = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
    worst = Math.max(worst, Math.abs(numeric - norm(gradient.data)) / (norm(gradient.data) + 0.02 * largest));
  }
  await model.writeWeights(weights);
  return worst;
}

function sampleRequest(spec: ModelSpec, states: number[], firstNetwork: number): SampleRequest {
  return {
    count: states.length,
    conditioning: { permutationState: Int32Array.from(states), task: null },
    plan: planSampler('ddim', createSchedule(spec.diffusion), { steps: 5, eta: 0.05, spacing: 'even' }),
    noise: { kind: 'seeded', seed: 8, firstNetwork },
  };
}

function closeTo(ours: Float32Array, theirs: Float32Array): void {
  expect(norm(ours.map((v, i) => v - theirs[i]!))).toBeLessThan(2e-5 * norm(theirs) + 1e-6);
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
}

/** Bytes of everything, as text that differs when a bit does. */
function sines(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i));
}
