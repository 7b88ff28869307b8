// Kernels with Hopper's own instructions against the plain ones, in bfloat16: `node scripts/run.mjs test/cuda/hopperAgainstPlain.ts`.
// Needs a card of compute capability 9.0. Gradients of every parameter and a sample must agree to bfloat16's rounding, on
// published channel counts and on rows that do not fill a tile. Exits 1 otherwise.
import { openCudaModel } from '../../sidecar/engine/cuda/cudaModel';
import { CudaDevice, openDriver } from '../../sidecar/engine/cuda/driver/driver';
import type { TrainingBatch } from '../../sidecar/engine/engine';
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import { fillNormal } from '../../sidecar/model/philox';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { createSchedule } from '../../sidecar/model/schedule';
import { relativeError } from '../golden/checkedValue';

const tolerance = 3e-2;

interface HopperCase {
  name: string;
  channels: readonly number[];
  dimPerToken: number;
  rowsPerStep: number;
}

const cases: readonly HopperCase[] = [
  {
    name: 'published channels, 200 positions',
    channels: [1, 32, 64, 128, 64, 32, 1],
    dimPerToken: 200,
    rowsPerStep: 31,
  },
  { name: 'published channels, 53 positions', channels: [1, 32, 64, 128, 64, 32, 1], dimPerToken: 53, rowsPerStep: 5 },
  { name: 'channels of the large models', channels: [1, 64, 96, 64, 1], dimPerToken: 331, rowsPerStep: 23 },
  { name: 'many rows', channels: [1, 32, 64, 128, 64, 32, 1], dimPerToken: 1024, rowsPerStep: 120 },
];

function specOf({ channels, dimPerToken, rowsPerStep }: HopperCase): ModelSpec {
  const layer = { dModel: 64, dOutput: 64, dInner: 128, dState: 16, dConv: 4, headDim: 64, nHeads: 2 };
  return {
    nTokens: 40,
    dimPerToken,
    dModel: 64,
    dPrototype: 64,
    recurrent: { kind: 'mamba', layers: [layer, layer] },
    condition: { kind: 'none', dCondition: 1, taskBits: 10 },
    nPermutation: 5,
    usePermutationState: true,
    denoiser: { layerChannels: channels, kernelSize: 7 },
    diffusion: { T: 20, betaStart: 1e-4, betaEnd: 0.02 },
    trainPositionEmbedding: false,
    batchSize: 3,
    rowsPerStep,
  };
}

function batchOf(spec: ModelSpec): TrainingBatch {
  const x0 = new Float32Array(spec.rowsPerStep * spec.dimPerToken);
  fillNormal(x0, { seed: 7, stream: 99, step: 1, item: 0 });
  for (let i = 3; i < x0.length; i += 17) x0[i] = NaN;
  return {
    permutationState: Int32Array.of(0, 3, 1),
    task: null,
    rows: Int32Array.from({ length: spec.rowsPerStep }, (_, i) => i),
    x0,
    noise: { kind: 'seeded', seed: 11, step: 1 },
  };
}

async function compute(c: HopperCase, plain: boolean) {
  if (plain) process.env.RPG_CUDA_PLAIN = '1';
  else delete process.env.RPG_CUDA_PLAIN;
  const spec = specOf(c);
  const device = new CudaDevice(await openDriver(), 0);
  const model = openCudaModel(device, spec, { seed: 3, precision: 'bfloat16', optimizerState: 'float32' });
  const { loss, gradients } = await model.gradients(batchOf(spec));
  const plan = planSampler('ddim', createSchedule(spec.diffusion), { steps: 5, eta: 0.5, spacing: 'even' });
  const conditioning = { permutationState: Int32Array.of(1), task: null };
  const sample = await model.sample({
    ...{ count: 1, conditioning, plan },
    noise: { kind: 'seeded', seed: 9, firstNetwork: 2 },
  });
  await model.dispose();
  return { loss, gradients, sample };
}

async function main(): Promise<void> {
  let good = true;
  for (const c of cases) {
    const [ours, reference] = [await compute(c, false), await compute(c, true)];
    const errors: [string, number][] = [
      ['loss', relativeError([ours.loss], [reference.loss])],
      ['sample', relativeError(ours.sample, reference.sample)],
    ];
    for (const [name, { data }] of reference.gradients) {
      const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      if (largest > 1e-4) errors.push([name, relativeError(ours.gradients.get(name)!.data, data)]);
    }
    errors.sort((a, b) => b[1] - a[1]);
    const bad = errors.filter(([, error]) => !(error <= tolerance));
    const shown = errors.slice(0, 3).map(([name, error]) => `${name} ${error.toExponential(1)}`);
    console.log(`${bad.length === 0 ? 'ok  ' : 'FAIL'} ${c.name}: ${errors.length} values, worst ${shown.join(', ')}`);
    for (const [name, error] of bad) console.log(`     ${name} ${error.toExponential(2)}`);
    good &&= bad.length === 0;
  }
  process.exitCode = good ? 0 : 1;
}

void main();
