// `npm run bench -- train`: one training step of the portable engine on the processor (WebAssembly and native instructions) beside PyTorch's forward and backward of the
// denoiser alone, on the same cores in the same run; and a DDPM-1000 sampling run. Prints medians.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import * as path from 'node:path';
import { nativeDevice } from '../../sidecar/engine/portable/devices/native';
import { wasmDevice } from '../../sidecar/engine/portable/devices/wasm';
import type { EngineDevice, Model, TrainingBatch } from '../../sidecar/engine/engine';
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import { fillNormal } from '../../sidecar/model/philox';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { createSchedule } from '../../sidecar/model/schedule';

interface Workload {
  name: string;
  spec: ModelSpec;
  steps: number;
  /** Our whole step may take this many times PyTorch's denoiser. */
  goal: number;
}

/**
 * The two models of the speed goals. Steps: V8 compiles what is hot over the first hundred, which a training of thousands does
 * not notice and a median of forty was.
 */
export const workloads: readonly Workload[] = [
  { name: 'mini', spec: mambaSpec(46, 8, 64, 16, [1, 16, 32, 16, 1]), steps: 301, goal: 1 },
  { name: 'cnnsmall', spec: mambaSpec(19, 8, 256, 32, [1, 32, 64, 128, 64, 32, 1]), steps: 15, goal: 2 },
];

/** Two Mamba-2 layers and a denoiser, all rows in the loss. */
export function mambaSpec(
  nTokens: number,
  batchSize: number,
  dim: number,
  dState: number,
  layerChannels: number[],
): ModelSpec {
  const dInner = 2 * dim;
  const layer = { dModel: dim, dOutput: dim, dInner, dState, dConv: 4, headDim: 64, nHeads: dInner / 64 };
  return {
    nTokens,
    dimPerToken: dim,
    dModel: dim,
    dPrototype: dim,
    recurrent: { kind: 'mamba', layers: [layer, layer] },
    condition: { kind: 'none', dCondition: 1, taskBits: 10 },
    nPermutation: 50,
    usePermutationState: true,
    denoiser: { layerChannels, kernelSize: 7 },
    diffusion: { T: 1000, betaStart: 1e-4, betaEnd: 0.02 },
    trainPositionEmbedding: false,
    batchSize,
    rowsPerStep: batchSize * nTokens,
  };
}

/** A batch of seeded noise as tokens, every row in the loss. */
export function noiseBatch(spec: ModelSpec, step: number): TrainingBatch {
  const n = spec.rowsPerStep;
  const x0 = new Float32Array(n * spec.dimPerToken);
  fillNormal(x0, { seed: 1, stream: 99, step: 0, item: 0 });
  return {
    permutationState: Int32Array.from({ length: spec.batchSize }, (_, i) => i % spec.nPermutation),
    task: null,
    rows: Int32Array.from({ length: n }, (_, i) => i),
    x0,
    noise: { kind: 'seeded', seed: 1, step },
  };
}

export async function benchTrain(): Promise<void> {
  const workers = cpus().length;
  const devices: EngineDevice[] = [];
  for (const device of [wasmDevice, nativeDevice]) {
    const probe = await device.probe();
    if (probe.kind === 'available') devices.push(device);
    else console.log(`skipped: ${device.device}, ${probe.reason}`);
  }
  for (const { name, spec, steps, goal } of workloads) {
    // PyTorch before and after ours: what else the machine does in between shows.
    const before = timePyTorch(spec, workers, steps);
    const ours = [];
    for (const device of devices) ours.push({ device, ...(await timeSteps(device, spec, workers, steps)) });
    const after = timePyTorch(spec, workers, steps);
    const theirs = before === null || after === null ? null : Math.min(before, after);
    console.log(
      theirs === null
        ? `${name}: PyTorch not found`
        : `${name}: PyTorch's denoiser forward and backward ${theirs.toFixed(4)} s`,
    );
    for (const { device, seconds, bytes } of ours) {
      const ratio = theirs === null ? '' : `: ${(seconds / theirs).toFixed(2)} × PyTorch (goal ${goal})`;
      console.log(
        `  ${device.device}: our whole step ${seconds.toFixed(4)} s${ratio}; engine memory ${(bytes / 2 ** 20).toFixed(0)} MiB, ` +
          `process ${(process.resourceUsage().maxRSS / 2 ** 10).toFixed(0)} MiB at most`,
      );
    }
  }
  for (const device of devices) await benchSampling(device, workers);
}

async function timeSteps(
  device: EngineDevice,
  spec: ModelSpec,
  workers: number,
  steps: number,
): Promise<{ seconds: number; bytes: number }> {
  const model = await openModel(device, spec, workers);
  const hyper = { learningRate: 1e-3, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const times: number[] = [];
  for (let step = 1; step <= steps + 3; step++) {
    const batch = noiseBatch(spec, step);
    const started = performance.now();
    await model.step(batch, { ...hyper, step });
    if (step > 3) times.push((performance.now() - started) / 1000);
  }
  const { peakBytes } = model.memory();
  await model.dispose();
  return { seconds: median(times), bytes: peakBytes };
}

async function benchSampling(device: EngineDevice, workers: number): Promise<void> {
  const { spec } = workloads[0]!;
  const model = await openModel(device, spec, workers);
  const plan = planSampler('ddpm', createSchedule(spec.diffusion), { steps: 0, eta: 0, spacing: 'even' });
  const started = performance.now();
  await model.sample({
    count: 10,
    conditioning: { permutationState: Int32Array.from({ length: 10 }, (_, i) => i), task: null },
    plan,
    noise: { kind: 'seeded', seed: 1, firstNetwork: 0 },
  });
  const seconds = (performance.now() - started) / 1000;
  console.log(`mini on ${device.device}: DDPM-1000 of ten networks ${seconds.toFixed(1)} s (goal 30)`);
  await model.dispose();
}

function openModel(device: EngineDevice, spec: ModelSpec, workers: number): Promise<Model> {
  return device.open(spec, { seed: 1, workers, precision: 'float32', optimizerState: 'float32' });
}

/** Seconds of PyTorch's forward and backward of the same denoiser, or null without PyTorch. */
function timePyTorch(spec: ModelSpec, threads: number, steps: number): number | null {
  const script = path.join(process.env.RPG_ROOT ?? '.', 'test', 'bench', 'denoiser.py');
  const { layerChannels, kernelSize } = spec.denoiser!;
  const args = [script, spec.rowsPerStep, spec.dimPerToken, layerChannels.join(','), kernelSize, threads, steps].map(
    String,
  );
  for (const python of [process.env.RPG_PYTHON, 'python3', '/usr/bin/python3']) {
    if (!python) continue;
    const { status, stdout } = spawnSync(python, args, { encoding: 'utf8' });
    if (status === 0) return Number(stdout.trim());
  }
  return null;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
