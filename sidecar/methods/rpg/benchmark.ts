// Times training steps and sampling of a model on random tokens: what a machine can do before there is a dataset.
import type { BenchmarkResult } from '../../../protocol/training';
import type { Model, TrainingBatch } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { fillNormal } from '../../model/philox';
import { planSampler } from '../../model/samplers/registry';
import { createSchedule } from '../../model/schedule';
import { throwIfCancelled } from '../../util/rpgError';
import type { BenchmarkRequest } from '../method';

const warmUpSteps = 3;
const hyper = { learningRate: 3e-5, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Has its turn at the device. *Errors* `cancelled`; too little memory, and others of the engine. */
export async function timeRandomSteps(
  request: BenchmarkRequest,
  spec: ModelSpec,
): Promise<Omit<BenchmarkResult, 'preset'>> {
  const { config, device, sampleSteps, report, signal } = request;
  const { precision, optimizerState } = config.training;
  const onMemoryPlan = (message: string): void => report({ fraction: 0, message });
  const model = await device.open(spec, { seed: 1, workers: 1, precision, optimizerState, onMemoryPlan });
  try {
    const { stepMs, loss } = await timeSteps(model, spec, request);
    const profile = await profileOf(model, spec, stepMs.median);
    const sampleMs = sampleSteps ? await timeSampling(model, spec, sampleSteps, signal) : null;
    const { peakBytes } = model.memory();
    return { nTokens: spec.nTokens, description: model.description, stepMs, loss, sampleMs, peakBytes, profile };
  } finally {
    await model.dispose();
  }
}

async function timeSteps(model: Model, spec: ModelSpec, { steps, signal, report }: BenchmarkRequest) {
  const batch = randomBatch(spec);
  const times: number[] = [];
  let loss = NaN;
  for (let step = 1; step <= steps + warmUpSteps; step++) {
    throwIfCancelled(signal, 'The benchmark');
    const started = performance.now();
    ({ loss } = await model.step({ ...batch, noise: { kind: 'seeded', seed: 1, step } }, { ...hyper, step }));
    if (step > warmUpSteps) times.push(performance.now() - started);
    report({ fraction: step / (steps + warmUpSteps), message: `step ${step}` });
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? NaN;
  return { stepMs: { median: at(0.5), p10: at(0.1), p90: at(0.9) }, loss };
}

/** The second of two profiled steps: the first may load kernels. */
async function profileOf(model: Model, spec: ModelSpec, medianMs: number): Promise<BenchmarkResult['profile']> {
  const batch = randomBatch(spec);
  await model.profileStep?.(batch, { ...hyper, step: 1 });
  const found = await model.profileStep?.(batch, { ...hyper, step: 2 });
  if (!found) return null;
  const { parts, operations, floorMs } = found;
  return { parts, floorMs, floorShare: floorMs / medianMs, teraflops: operations / (medianMs / 1000) / 1e12 };
}

/** The second of two runs: the first takes memory and captures graphs. */
async function timeSampling(model: Model, spec: ModelSpec, steps: number, signal: AbortSignal): Promise<number> {
  const plan = planSampler('ddim', createSchedule(spec.diffusion), { steps, eta: 0.05, spacing: 'published' });
  const { kind, taskBits } = spec.condition;
  const conditioning = {
    permutationState: spec.usePermutationState ? Int32Array.of(0) : null,
    task: kind === 'none' ? null : new Float32Array(taskBits),
  };
  let ms = NaN;
  for (let round = 0; round < 2; round++) {
    const started = performance.now();
    const noise = { kind: 'seeded', seed: 1, firstNetwork: 0 } as const;
    await model.sample({ count: 1, conditioning, plan, noise, signal });
    ms = performance.now() - started;
  }
  return ms;
}

function randomBatch(spec: ModelSpec): TrainingBatch {
  const { batchSize, nTokens, rowsPerStep, dimPerToken, condition } = spec;
  const x0 = new Float32Array(rowsPerStep * dimPerToken);
  fillNormal(x0, { seed: 1, stream: 99, step: 0, item: 0 });
  const total = batchSize * nTokens;
  return {
    permutationState: spec.usePermutationState
      ? Int32Array.from({ length: batchSize }, (_, i) => i % spec.nPermutation)
      : null,
    task: condition.kind === 'none' ? null : new Float32Array(batchSize * condition.taskBits),
    rows: Int32Array.from({ length: rowsPerStep }, (_, i) => Math.floor((i * total) / rowsPerStep)),
    x0,
    noise: { kind: 'seeded', seed: 1, step: 1 },
  };
}
