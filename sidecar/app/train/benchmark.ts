// Times training steps and sampling of a preset on random tokens: what a machine can do before there is a dataset.
import type { BenchmarkParams, BenchmarkResult } from '../../../protocol/training';
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import { presets } from '../../config/presets';
import { resolveConfig } from '../../config/resolveConfig';
import { toModelSpec } from '../../config/toModelSpec';
import type { Model, TrainingBatch } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { fillNormal } from '../../model/philox';
import { planSampler } from '../../model/samplers/registry';
import { createSchedule } from '../../model/schedule';
import { throwIfCancelled, userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { chooseDevice, engineFacts, type ChosenDevice } from './chooseDevice';

const warmUpSteps = 3;
const hyper = { learningRate: 3e-5, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const nCheckpoints = 50;
/** Tokens where the caller names none: of the small CNN and of ResNet-18 on CIFAR-10. */
const usualTokens = (preset: string) => (preset.startsWith('cnn') ? 19 : 1448);

/** *Errors* `bad-request`: nothing to measure; as `resolveConfig` and `chooseDevice`; too little memory. */
export async function benchmark(params: BenchmarkParams, context: OperationContext): Promise<BenchmarkResult> {
  const chosen = await chooseDevice(params);
  const wantedTokens = params.nTokens ?? usualTokens(params.preset);
  const steps = params.steps ?? 20;
  if (steps < 1) throw userError('bad-request', `${steps} steps measure nothing; give at least 1`);
  if (wantedTokens < 1)
    throw userError('bad-request', `a checkpoint of ${wantedTokens} tokens is none; give at least 1`);
  const dataset = { name: 'random', nCheckpoints, countTokens: () => wantedTokens, classes: null };
  const sources = { preset: params.preset, overrides: new Map([['dataset', 'random']]) };
  const facts = { dataset, engine: engineFacts(chosen.device) };
  const { config, nTokens } = resolveConfig(sources, presets, facts);
  const spec = toModelSpec(config, { nCheckpoints, nTokens });
  const onWait = (message: string): void => context.report({ fraction: null, message });
  return context.onDevice(
    turnOf(chosen.device),
    () => measure({ params, chosen, config, spec, steps }, context),
    onWait,
  );
}

interface Measured {
  readonly params: BenchmarkParams;
  readonly chosen: ChosenDevice;
  readonly config: ResolvedRunConfig;
  readonly spec: ModelSpec;
  readonly steps: number;
}

/** Has its turn at the device. */
async function measure(
  { params, chosen, config, spec, steps }: Measured,
  context: OperationContext,
): Promise<BenchmarkResult> {
  const { precision, optimizerState } = config.training;
  const onMemoryPlan = (message: string): void => context.report({ fraction: 0, message });
  const model = await chosen.device.open(spec, { seed: 1, workers: 1, precision, optimizerState, onMemoryPlan });
  try {
    const { stepMs, loss } = await timeSteps(model, spec, steps, context);
    const profile = await profileOf(model, spec, stepMs.median);
    const sampleMs = params.sampleSteps ? await timeSampling(model, spec, params.sampleSteps, context) : null;
    const { peakBytes } = model.memory();
    return {
      preset: params.preset,
      nTokens: spec.nTokens,
      description: model.description,
      stepMs,
      loss,
      sampleMs,
      peakBytes,
      profile,
    };
  } finally {
    await model.dispose();
  }
}

async function timeSteps(model: Model, spec: ModelSpec, steps: number, { signal, report }: OperationContext) {
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
async function timeSampling(
  model: Model,
  spec: ModelSpec,
  steps: number,
  { signal }: OperationContext,
): Promise<number> {
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
      ? Int32Array.from({ length: batchSize }, (_, i) => i % nCheckpoints)
      : null,
    task: condition.kind === 'none' ? null : new Float32Array(batchSize * condition.taskBits),
    rows: Int32Array.from({ length: rowsPerStep }, (_, i) => Math.floor((i * total) / rowsPerStep)),
    x0,
    noise: { kind: 'seeded', seed: 1, step: 1 },
  };
}
