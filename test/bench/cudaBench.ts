// Times of the CUDA engine on published sizes with random tokens: `node scripts/run.mjs test/bench/cudaBench.ts [--size S]
// [--steps N] [--precision P] [--profile] [--sample STEPS]`. Needs a card. Prints one JSON object a line.
import { parseArgs } from 'node:util';
import { CudaDevice, openDriver } from '../../sidecar/engine/cuda/driver/driver';
import { openCudaModel } from '../../sidecar/engine/cuda/cudaModel';
import type { Timing } from '../../sidecar/engine/cuda/driver/queue';
import type { TrainingBatch } from '../../sidecar/engine/engine';
import { fillNormal } from '../../sidecar/model/philox';
import { createSchedule } from '../../sidecar/model/schedule';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { benchSizes } from './sizes';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: 'cnnsmall' },
      steps: { type: 'string', default: '20' },
      precision: { type: 'string', default: 'bfloat16' },
      optimizer: { type: 'string', default: 'float32' },
      profile: { type: 'boolean', default: false },
      sample: { type: 'string', default: '0' },
    },
  });
  const spec = benchSizes[values.size];
  if (!spec) throw new Error(`unknown size ${values.size}; one of ${Object.keys(benchSizes).join(', ')}`);
  const device = new CudaDevice(await openDriver(), 0);
  const opening = performance.now();
  const model = openCudaModel(device, spec, {
    seed: 1,
    precision: values.precision === 'float32' ? 'float32' : 'bfloat16',
    optimizerState: values.optimizer === 'uint8' ? 'uint8' : 'float32',
  });
  await device.settle();
  console.log(
    JSON.stringify({ size: values.size, description: model.description, openMs: performance.now() - opening }),
  );
  const hyper = { learningRate: 3e-5, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const batch = (step: number): TrainingBatch => randomBatch(values.size, step);
  const first = batch(1);
  const losses: number[] = [];
  const times: number[] = [];
  for (let step = 1; step <= Number(values.steps) + 3; step++) {
    const started = performance.now();
    const { loss } = await model.step({ ...first, noise: { kind: 'seeded', seed: 1, step } }, { ...hyper, step });
    losses.push(loss);
    if (step > 3) times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Number(times[Math.floor((times.length - 1) * share)]?.toFixed(3));
  const { peakBytes } = model.memory();
  console.log(
    JSON.stringify({
      medianMs: at(0.5),
      p10: at(0.1),
      p90: at(0.9),
      peakGiB: peakBytes / 2 ** 30,
      losses: [losses[0], losses[1], losses.at(-1)],
    }),
  );
  if (values.profile) {
    const step = Number(values.steps) + 4;
    await model.timeKernels(first, { ...hyper, step });
    const { timings, operations } = await model.timeKernels(first, { ...hyper, step: step + 1 });
    printProfile(timings, operations);
  }
  const samplerSteps = Number(values.sample);
  if (samplerSteps > 0) {
    const plan = planSampler('ddim', createSchedule(spec.diffusion), {
      steps: samplerSteps,
      eta: 0.05,
      spacing: 'published',
    });
    const conditioning = { permutationState: Int32Array.of(0), task: null };
    for (let round = 0; round < 3; round++) {
      const started = performance.now();
      const x = await model.sample({
        count: 1,
        conditioning,
        plan,
        noise: { kind: 'seeded', seed: 5, firstNetwork: 0 },
      });
      const ms = performance.now() - started;
      const sum = x.reduce((total, value) => total + value * value, 0);
      console.log(
        JSON.stringify({ sampleMs: ms, rms: Math.sqrt(sum / x.length), peakGiB: model.memory().peakBytes / 2 ** 30 }),
      );
    }
  }
  await model.dispose();
}

function randomBatch(size: string, step: number): TrainingBatch {
  const spec = benchSizes[size]!;
  const n = spec.rowsPerStep;
  const all = Array.from({ length: spec.batchSize * spec.nTokens }, (_, i) => i);
  // A fixed stride that shares no factor with the number of rows visits distinct rows.
  let stride = 7919;
  while (all.length % stride === 0) stride += 2;
  const rows = Int32Array.from({ length: n }, (_, i) => (i * stride) % all.length);
  const x0 = new Float32Array(n * spec.dimPerToken);
  fillNormal(x0, { seed: 3, stream: 99, step: 0, item: 0 });
  for (let i = spec.dimPerToken - 5; i < spec.dimPerToken; i++) x0[i] = NaN;
  return {
    permutationState: Int32Array.from({ length: spec.batchSize }, (_, i) => i % spec.nPermutation),
    task: null,
    rows,
    x0,
    noise: { kind: 'seeded', seed: 1, step },
  };
}

function printProfile(timings: readonly Timing[], operations: number): void {
  const total = timings.reduce((sum, { ms }) => sum + ms, 0);
  const groups = new Map<string, { ms: number; count: number }>();
  for (const { part, name, ms } of timings) {
    const group = groups.get(`${part} ${name}`) ?? { ms: 0, count: 0 };
    group.ms += ms;
    group.count++;
    groups.set(`${part} ${name}`, group);
  }
  console.log(JSON.stringify({ kernels: timings.length, totalMs: total, teraOperations: operations / 1e12 }));
  for (const part of ['recurrent', 'denoiser', 'optimizer']) {
    const ms = timings.filter(timing => timing.part === part).reduce((sum, timing) => sum + timing.ms, 0);
    console.log(`  ${part}: ${ms.toFixed(3)} ms`);
  }
  const sorted = [...groups].sort((a, b) => b[1].ms - a[1].ms).slice(0, 40);
  for (const [name, { ms, count }] of sorted) console.log(`    ${ms.toFixed(3)} ms  ×${count}  ${name}`);
}

void main();
