// The engines against golden values: every case folder of DIR/model (config.json, weights.pth, io.safetensors; the README
// beside them says what each value is). Knows no case by name: what is compared follows from the files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { selectDevice } from '../../sidecar/engine/registry';
import type { Model, NamedArrays, TrainingBatch } from '../../sidecar/engine/engine';
import { fromPublished } from '../../sidecar/model/publishedWeights';
import { createSchedule } from '../../sidecar/model/schedule';
import { planSampler } from '../../sidecar/model/samplers/registry';
import { relativeError, type CheckedValue } from './checkedValue';
import { parseGoldenConfig, type GoldenConfig } from './goldenConfig';
import { readArrays, type Arrays } from './readArrays';

const valueTolerance = 2e-5;
const gradientTolerance = 2e-4;
/** In bfloat16 single small gradients are mostly rounding, so all are compared together, as one vector; AdamW's first step, a sign, not at all. */
const bfloat16ValueTolerance = 2e-2;
const bfloat16GradientTolerance = 5e-2;
/** Gradients below this are zero but for rounding: compared absolutely, and their AdamW steps not at all. */
const zeroGradient = 1e-5;

export interface CaseOptions {
  engine: string;
  device: string;
  workers?: number;
  precision?: 'float32' | 'bfloat16';
}

/** Every value of every case. Errors are ‖ours − golden‖ / ‖golden‖, absolute where golden is zero. */
export async function checkModelCases(
  dir: string,
  options: CaseOptions,
): Promise<{ case: string; values: CheckedValue[] }[]> {
  const root = path.join(dir, 'model');
  const cases = readdirSync(root)
    .filter(name => existsSync(path.join(root, name, 'config.json')))
    .sort();
  const results = [];
  for (const name of cases) results.push({ case: name, values: await checkModelCase(path.join(root, name), options) });
  return results;
}

/** Every value of one case folder. */
export async function checkModelCase(
  folder: string,
  { engine, device, workers = 1, precision = 'float32' }: CaseOptions,
): Promise<CheckedValue[]> {
  const io = readArrays(path.join(folder, 'io.safetensors'));
  const weights = readArrays(path.join(folder, 'weights.pth'));
  const config = parseGoldenConfig(JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8')), io, weights);
  const chosen = await selectDevice({ engine, device });
  const model = await chosen.device.open(config.spec, {
    seed: 0,
    workers,
    precision,
    optimizerState: 'float32',
  });
  try {
    const before = fromPublished(toNamed(weights), config.spec);
    await model.writeWeights(before);
    const isExact = precision === 'float32';
    const tolerance = isExact ? valueTolerance : bfloat16ValueTolerance;
    return [
      ...(await checkSampling(model, config, io, tolerance)),
      ...(await checkGradients(model, config, io, { tolerance, isExact })),
      ...(isExact ? await checkStep(model, config, io, before) : []),
    ];
  } finally {
    await model.dispose();
  }
}

async function checkGradients(
  model: Model,
  config: GoldenConfig,
  io: Arrays,
  { tolerance, isExact }: { tolerance: number; isExact: boolean },
): Promise<CheckedValue[]> {
  const ours = await model.gradients(trainingBatch(config, io));
  const values = [
    compare('prototypes', ours.prototypes, io, tolerance),
    compare('loss', Float32Array.of(ours.loss), io, tolerance),
  ];
  if (ours.predictedNoise) values.push(compare('predicted_noise', ours.predictedNoise, io, tolerance));
  const golden = [...io].filter(([name]) => name.startsWith('grad.'));
  const gradientOf = (name: string) => ours.gradients.get(name.slice('grad.'.length))?.data ?? new Float32Array();
  if (isExact) {
    for (const [name] of golden) values.push(compare(name, gradientOf(name), io, gradientTolerance, zeroGradient));
  } else {
    const errors = golden.map(([name, { data }]) => {
      const found = gradientOf(name);
      return found.length === data.length ? norm(difference(found, data)) : Infinity;
    });
    const size = Math.hypot(...golden.map(([, { data }]) => norm(data)));
    values.push({ name: 'gradients', error: Math.hypot(...errors) / size, tolerance: bfloat16GradientTolerance });
  }
  return values;
}

async function checkStep(model: Model, config: GoldenConfig, io: Arrays, before: NamedArrays): Promise<CheckedValue[]> {
  const { learningRate, weightDecay } = config;
  await model.step(trainingBatch(config, io), {
    step: 1,
    learningRate,
    weightDecay,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  });
  const after = await model.readWeights();
  const values: CheckedValue[] = [];
  for (const [name, golden] of io) {
    if (name.startsWith('after.')) {
      values.push(compare(name, after.get(name.slice('after.'.length))!.data, io, valueTolerance));
    } else if (name.startsWith('delta.')) {
      const parameter = name.slice('delta.'.length);
      const old = before.get(parameter)!.data;
      const gradient = io.get(`grad.${parameter}`)!.data;
      const moved = after.get(parameter)!.data.map((value, i) => value - old[i]!);
      const large = Array.from(golden.data.keys()).filter(i => Math.abs(gradient[i]!) > zeroGradient);
      const pick = (values: Float32Array) => Float32Array.from(large, i => values[i]!);
      // A parameter near 1 stored as float32 cannot show a step of 1e-3 more exactly than half its last place.
      const storage = norm(pick(old)) * 2 ** -24;
      const tolerance = gradientTolerance + storage / Math.max(norm(pick(golden.data)), Number.MIN_VALUE);
      values.push({ name, error: relativeError(pick(moved), pick(golden.data)), tolerance });
    }
  }
  return values;
}

async function checkSampling(
  model: Model,
  config: GoldenConfig,
  io: Arrays,
  tolerance: number,
): Promise<CheckedValue[]> {
  const { spec } = config;
  const conditioning = {
    permutationState: spec.usePermutationState ? Int32Array.of(io.get('permutation_state')!.data[0]!) : null,
    task: spec.condition.kind === 'none' ? null : io.get('task')!.data.slice(0, spec.condition.taskBits),
  };
  const values = [compare('sample_prototypes', await model.prototypes(conditioning), io, tolerance)];
  if (!spec.denoiser) return values;
  const schedule = createSchedule(spec.diffusion);
  for (const name of ['ddpm', 'ddim'] as const) {
    if (!io.has(`${name}_x_0`)) continue;
    const plan = planSampler(name, schedule, { steps: config.ddimSteps, eta: 0.05, spacing: 'published' });
    const noise = { kind: 'given', xT: io.get('x_T')!.data, perStep: io.get(`${name}_noise`)!.data } as const;
    const x0 = await model.sample({ count: 1, conditioning, plan, noise });
    values.push(compare(`${name}_x_0`, x0, io, tolerance));
  }
  return values;
}

function trainingBatch({ spec }: GoldenConfig, io: Arrays): TrainingBatch {
  const rows = Int32Array.from(io.get('token_rows')!.data);
  const tokens = io.get('x_0')!.data;
  const dim = spec.dimPerToken;
  const x0 = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => x0.set(tokens.subarray(row * dim, (row + 1) * dim), i * dim));
  return {
    permutationState: spec.usePermutationState ? Int32Array.from(io.get('permutation_state')!.data) : null,
    task: spec.condition.kind === 'none' ? null : io.get('task')!.data,
    rows,
    x0,
    noise: {
      kind: 'given',
      t: Int32Array.from(io.get('t')?.data ?? new Float32Array(rows.length)),
      epsilon: io.get('epsilon')?.data ?? new Float32Array(rows.length * dim),
    },
  };
}

function compare(name: string, ours: Float32Array, io: Arrays, tolerance: number, zeroBelow = 0): CheckedValue {
  const golden = io.get(name)!.data;
  if (ours.length !== golden.length) return { name, error: Infinity, tolerance };
  const largest = golden.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = largest <= zeroBelow ? norm(difference(ours, golden)) : relativeError(ours, golden);
  return { name, error, tolerance: largest <= zeroBelow ? zeroBelow : tolerance };
}

function difference(a: Float32Array, b: Float32Array): Float64Array {
  return Float64Array.from(a, (value, i) => value - b[i]!);
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

function toNamed(arrays: Arrays): NamedArrays {
  return new Map(arrays);
}
