// The CUDA engine against the portable engine on sizes nobody would choose: `node scripts/run.mjs test/cuda/againstPortable.ts`.
// Needs a card. Float32 gradients, samples and one step must agree with tfjs on the CPU, which shares no code with the
// kernels; the same seed must give the same bits twice; eight-bit optimizer state must train. Exits 1 otherwise.
import { openCudaModel } from '../../sidecar/engine/cuda/cudaModel';
import { CudaDevice, openDriver } from '../../sidecar/engine/cuda/driver/driver';
import type { Model, TrainingBatch } from '../../sidecar/engine/engine';
import { cpuDevice } from '../../sidecar/engine/portable/devices/cpu';
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import type { RecurrentSpec } from '../../sidecar/model/recurrent/registry';
import { fillNormal } from '../../sidecar/model/philox';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { createSchedule } from '../../sidecar/model/schedule';
import { relativeError } from '../golden/checkedValue';

const hyper = { step: 1, learningRate: 1e-3, weightDecay: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

interface OddCase {
  name: string;
  recurrent: RecurrentSpec;
  nTokens: number;
  dimPerToken: number;
  width: number;
  channels: readonly number[];
  kernelSize: number;
  batchSize: number;
  rowsPerStep: number;
  change?: Partial<ModelSpec>;
}

const mamba = (width: number, dState: number, dConv: number, layers: number): RecurrentSpec => ({
  kind: 'mamba',
  layers: Array.from({ length: layers }, () => {
    const dInner = 2 * width;
    return { dModel: width, dOutput: width, dInner, dState, dConv, headDim: 64, nHeads: dInner / 64 };
  }),
});

const cases: readonly OddCase[] = [
  {
    name: 'mamba, odd state and taps',
    recurrent: mamba(96, 7, 3, 3),
    nTokens: 71,
    dimPerToken: 53,
    width: 96,
    channels: [1, 5, 12, 5, 1],
    kernelSize: 5,
    batchSize: 3,
    rowsPerStep: 17,
  },
  {
    name: 'mamba, one layer, trained positions',
    recurrent: mamba(32, 33, 2, 1),
    nTokens: 13,
    dimPerToken: 41,
    width: 32,
    channels: [1, 3, 7, 11, 7, 3, 1],
    kernelSize: 3,
    batchSize: 2,
    rowsPerStep: 26,
    change: { trainPositionEmbedding: true },
  },
  {
    name: 'mamba, wide second layer',
    recurrent: {
      kind: 'mamba',
      layers: [
        { dModel: 32, dOutput: 32, dInner: 64, dState: 16, dConv: 4, headDim: 64, nHeads: 1 },
        { dModel: 32, dOutput: 64, dInner: 128, dState: 16, dConv: 4, headDim: 64, nHeads: 2 },
      ],
    },
    nTokens: 40,
    dimPerToken: 64,
    width: 32,
    channels: [1, 32, 64, 128, 64, 32, 1],
    kernelSize: 7,
    batchSize: 2,
    rowsPerStep: 31,
    change: { dPrototype: 64 },
  },
  {
    name: 'mamba, without diffusion',
    recurrent: mamba(64, 16, 4, 2),
    nTokens: 23,
    dimPerToken: 64,
    width: 64,
    channels: [1, 4, 1],
    kernelSize: 7,
    batchSize: 2,
    rowsPerStep: 29,
    change: { denoiser: null },
  },
  {
    name: 'task, two layers',
    recurrent: mamba(64, 16, 4, 2),
    nTokens: 19,
    dimPerToken: 47,
    width: 64,
    channels: [1, 6, 9, 6, 1],
    kernelSize: 7,
    batchSize: 3,
    rowsPerStep: 23,
    change: { condition: { kind: 'task', dCondition: 11, taskBits: 10 }, usePermutationState: false },
  },
  {
    name: 'a condition for every token, mamba',
    recurrent: mamba(32, 16, 4, 2),
    nTokens: 19,
    dimPerToken: 47,
    width: 32,
    channels: [1, 6, 9, 6, 1],
    kernelSize: 7,
    batchSize: 3,
    rowsPerStep: 23,
    change: {
      condition: { kind: 'taskFull', dCondition: 11, taskBits: 10 },
      usePermutationState: false,
      trainPositionEmbedding: true,
    },
  },
  {
    name: 'a condition for every token, one layer of mamba',
    recurrent: mamba(32, 5, 3, 1),
    nTokens: 7,
    dimPerToken: 16,
    width: 32,
    channels: [1, 4, 1],
    kernelSize: 3,
    batchSize: 2,
    rowsPerStep: 14,
    change: { condition: { kind: 'taskFull', dCondition: 3, taskBits: 10 }, usePermutationState: false },
  },
  {
    name: 'a condition for every token, gmlp',
    recurrent: { kind: 'gmlp', dModel: 35, nLayers: 1, expand: 3 },
    nTokens: 11,
    dimPerToken: 29,
    width: 35,
    channels: [1, 4, 8, 4, 1],
    kernelSize: 7,
    batchSize: 3,
    rowsPerStep: 19,
    change: { condition: { kind: 'taskFull', dCondition: 5, taskBits: 10 }, usePermutationState: false },
  },
  {
    name: 'lstm',
    recurrent: { kind: 'lstm', dModel: 37, nLayers: 2 },
    nTokens: 11,
    dimPerToken: 29,
    width: 37,
    channels: [1, 4, 8, 4, 1],
    kernelSize: 7,
    batchSize: 3,
    rowsPerStep: 19,
  },
  {
    name: 'gmlp',
    recurrent: { kind: 'gmlp', dModel: 35, nLayers: 2, expand: 3 },
    nTokens: 11,
    dimPerToken: 29,
    width: 35,
    channels: [1, 4, 8, 4, 1],
    kernelSize: 9,
    batchSize: 3,
    rowsPerStep: 19,
  },
  {
    name: 'transformer',
    recurrent: { kind: 'transformer', dModel: 39, nLayers: 2, nHeads: 3, dimHead: 13, dimFeedforward: 51 },
    nTokens: 17,
    dimPerToken: 31,
    width: 39,
    channels: [1, 4, 8, 4, 1],
    kernelSize: 7,
    batchSize: 2,
    rowsPerStep: 21,
  },
];

function specOf(c: OddCase): ModelSpec {
  return {
    nTokens: c.nTokens,
    dimPerToken: c.dimPerToken,
    dModel: c.width,
    dPrototype: c.width,
    recurrent: c.recurrent,
    condition: { kind: 'none', dCondition: 1, taskBits: 10 },
    nPermutation: 5,
    usePermutationState: true,
    denoiser: { layerChannels: c.channels, kernelSize: c.kernelSize },
    diffusion: { T: 20, betaStart: 1e-4, betaEnd: 0.02 },
    trainPositionEmbedding: false,
    batchSize: c.batchSize,
    rowsPerStep: c.rowsPerStep,
    ...c.change,
  };
}

function batchOf(spec: ModelSpec, step: number): TrainingBatch {
  const x0 = new Float32Array(spec.rowsPerStep * spec.dimPerToken);
  fillNormal(x0, { seed: 7, stream: 99, step, item: 0 });
  for (let i = 3; i < x0.length; i += 17) x0[i] = NaN;
  const total = spec.batchSize * spec.nTokens;
  return {
    permutationState: spec.usePermutationState
      ? Int32Array.from({ length: spec.batchSize }, (_, i) => (i * 3) % spec.nPermutation)
      : null,
    task:
      spec.condition.kind === 'none'
        ? null
        : Float32Array.from({ length: spec.batchSize * spec.condition.taskBits }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    // Distinct rows of every sequence: the portable engine returns prototypes of sequences with rows only.
    rows: Int32Array.from({ length: spec.rowsPerStep }, (_, i) => Math.floor((i * total) / spec.rowsPerStep)),
    x0,
    noise: { kind: 'seeded', seed: 11, step },
  };
}

async function openCuda(
  spec: ModelSpec,
  precision: 'float32' | 'bfloat16',
  optimizerState: 'float32' | 'uint8',
): Promise<Model> {
  const positions = new Float32Array(spec.nTokens * spec.dModel);
  fillNormal(positions, { seed: 5, stream: 99, step: 0, item: 1 });
  return openCudaModel(new CudaDevice(await openDriver(), 0), spec, {
    seed: 3,
    precision,
    optimizerState,
    positionEmbedding: positions,
  });
}

async function compareCase(c: OddCase): Promise<boolean> {
  const spec = specOf(c);
  const cuda = await openCuda(spec, 'float32', 'float32');
  const portable = await cpuDevice.open(spec, { seed: 3, workers: 1, precision: 'float32', optimizerState: 'float32' });
  const initial = await cuda.readWeights();
  await portable.writeWeights(initial);
  const errors: [string, number, number][] = [];
  const batch = batchOf(spec, 1);
  const [ours, theirs] = [await cuda.gradients(batch), await portable.gradients(batch)];
  errors.push(
    ['loss', relativeError([ours.loss], [theirs.loss]), 2e-5],
    ['prototypes', relativeError(ours.prototypes, theirs.prototypes), 2e-5],
  );
  if (ours.predictedNoise && theirs.predictedNoise)
    errors.push(['noise', relativeError(ours.predictedNoise, theirs.predictedNoise), 5e-5]);
  for (const [name, { data }] of theirs.gradients) {
    const found = ours.gradients.get(name)?.data ?? new Float32Array();
    const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const scale = largest < 1e-5 ? 1 : 0;
    errors.push([
      name,
      scale ? Math.max(...found.map((v, i) => Math.abs(v - data[i]!))) : relativeError(found, data),
      scale ? 1e-5 : 5e-4,
    ]);
  }
  if (spec.denoiser) {
    const plan = planSampler('ddim', createSchedule(spec.diffusion), { steps: 5, eta: 0.5, spacing: 'even' });
    const task = spec.condition.kind === 'none' ? null : batch.task!.slice(0, 2 * spec.condition.taskBits);
    const conditioning = { permutationState: spec.usePermutationState ? Int32Array.of(1, 4) : null, task };
    const request = { count: 2, conditioning, plan, noise: { kind: 'seeded', seed: 9, firstNetwork: 2 } } as const;
    errors.push(['sample', relativeError(await cuda.sample(request), await portable.sample(request)), 5e-5]);
  }
  await portable.dispose();
  await cuda.dispose();
  const bad = errors.filter(([, error, tolerance]) => !(error <= tolerance));
  const worst = errors.reduce((a, b) => (b[1] / b[2] > a[1] / a[2] ? b : a));
  console.log(
    `${bad.length === 0 ? 'ok  ' : 'FAIL'} ${c.name}: ${errors.length} values, worst ${worst[0]} ${worst[1].toExponential(1)}`,
  );
  for (const [name, error, tolerance] of bad) console.log(`     ${name} ${error.toExponential(2)} > ${tolerance}`);
  return bad.length === 0;
}

/** Losses of ten steps. */
async function curve(
  spec: ModelSpec,
  precision: 'float32' | 'bfloat16',
  optimizerState: 'float32' | 'uint8',
): Promise<number[]> {
  const model = await openCuda(spec, precision, optimizerState);
  const losses: number[] = [];
  for (let step = 1; step <= 10; step++) losses.push((await model.step(batchOf(spec, step), { ...hyper, step })).loss);
  await model.dispose();
  return losses;
}

async function portableCurve(spec: ModelSpec): Promise<number[]> {
  const cuda = await openCuda(spec, 'float32', 'float32');
  const model = await cpuDevice.open(spec, { seed: 3, workers: 1, precision: 'float32', optimizerState: 'float32' });
  await model.writeWeights(await cuda.readWeights());
  await cuda.dispose();
  const losses: number[] = [];
  for (let step = 1; step <= 10; step++) losses.push((await model.step(batchOf(spec, step), { ...hyper, step })).loss);
  await model.dispose();
  return losses;
}

async function main(): Promise<void> {
  let good = true;
  for (const c of cases) good = (await compareCase(c)) && good;
  const spec = specOf(cases[2]!);
  const [first, second] = [await curve(spec, 'bfloat16', 'float32'), await curve(spec, 'bfloat16', 'float32')];
  const repeats = first.join() === second.join();
  console.log(`${repeats ? 'ok  ' : 'FAIL'} bfloat16 repeats to the bit: ${first.map(v => v.toFixed(4)).join(' ')}`);
  const reference = await portableCurve(spec);
  const describe = (name: string, losses: number[], tolerance: number) => {
    const worst = Math.max(...losses.map((loss, i) => Math.abs(loss - reference[i]!) / reference[i]!));
    console.log(
      `${worst <= tolerance ? 'ok  ' : 'FAIL'} ten steps ${name} beside portable: largest difference ${worst.toExponential(1)}`,
    );
    good &&= worst <= tolerance;
  };
  describe('float32', await curve(spec, 'float32', 'float32'), 1e-3);
  describe('bfloat16', first, 2e-2);
  describe('bfloat16, eight-bit state', await curve(spec, 'bfloat16', 'uint8'), 5e-2);
  process.exitCode = good && repeats ? 0 : 1;
}

void main();
