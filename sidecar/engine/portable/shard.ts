// A training batch as one worker sees it: its token rows, noised, and the sequences those rows belong to. Host arithmetic,
// no tensors. Rows are split evenly over workers in the order of their sequences; a sequence whose rows fall to two workers
// runs through the recurrent model of both, and because gradients are sums over rows the total is the same.
import type { ModelSpec } from '../../model/modelSpec';
import { fillIntegers, fillNormal, streams } from '../../model/philox';
import type { Schedule } from '../../model/schedule';
import { internalError } from '../../util/rpgError';
import type { TrainingBatch } from '../engine';
import type { SequenceInputs } from './prototypes';

/** *Shapes* n rows of this shard; x, target and lossWeight (n · dimPerToken). */
export interface Shard {
  readonly sequences: SequenceInputs;
  /** (n) rows of the shard's own (sequence · nTokens). */
  readonly rows: Int32Array;
  /** (n) places of the rows in the batch. */
  readonly places: Int32Array;
  readonly t: Int32Array;
  /** Noised tokens; without diffusion unused. */
  readonly x: Float32Array;
  /** What is predicted: the noise, or the clean tokens without diffusion. */
  readonly target: Float32Array;
  /** 1 / (entries of the whole batch that are not padding), 0 at padding. */
  readonly lossWeight: Float32Array;
}

/**
 * The rows of one worker out of `nWorkers`.
 * *Errors* internal: a row outside the batch, found by the worker whose it is.
 */
export function takeShard(
  spec: ModelSpec,
  schedule: Schedule,
  batch: TrainingBatch,
  worker: number,
  nWorkers: number,
): Shard {
  const dim = spec.dimPerToken;
  const sequenceOf = (place: number) => Math.floor(batch.rows[place]! / spec.nTokens);
  const order = Array.from(batch.rows, (_, place) => place).sort((a, b) => sequenceOf(a) - sequenceOf(b) || a - b);
  const places = Int32Array.from(
    order.slice(Math.floor((order.length * worker) / nWorkers), Math.floor((order.length * (worker + 1)) / nWorkers)),
  );
  const sequences = [...new Set(Array.from(places, sequenceOf))];
  const local = new Map(sequences.map((sequence, index) => [sequence, index]));
  const n = places.length;
  const shard = {
    sequences: {
      nSequences: sequences.length,
      permutationState: batch.permutationState ? Int32Array.from(sequences, s => batch.permutationState![s]!) : null,
      task: batch.task ? pickRows(batch.task, spec.condition.taskBits, sequences) : null,
    },
    rows: Int32Array.from(places, p => local.get(sequenceOf(p))! * spec.nTokens + (batch.rows[p]! % spec.nTokens)),
    places,
    t: new Int32Array(n),
    x: new Float32Array(n * dim),
    target: new Float32Array(n * dim),
    lossWeight: new Float32Array(n * dim),
  };
  checkRows(spec, batch, places);
  const each = 1 / countValid(batch.x0);
  places.forEach((place, row) => {
    const x0 = batch.x0.subarray(place * dim, (place + 1) * dim);
    const range: [number, number] = [row * dim, (row + 1) * dim];
    for (let j = 0; j < dim; j++) shard.lossWeight[range[0] + j] = Number.isNaN(x0[j]) ? 0 : each;
    if (spec.denoiser) {
      const epsilon = shard.target.subarray(...range);
      shard.t[row] = drawNoise(spec, batch.noise, place, epsilon);
      addNoise(schedule, shard.t[row], x0, epsilon, shard.x.subarray(...range));
    } else for (let j = 0; j < dim; j++) shard.target[range[0] + j] = Number.isNaN(x0[j]) ? 0 : x0[j]!;
  });
  return shard;
}

function checkRows({ batchSize, nTokens }: ModelSpec, { rows }: TrainingBatch, places: Int32Array): void {
  const bad = places.find(place => !(rows[place]! >= 0 && rows[place]! < batchSize * nTokens));
  if (bad === undefined) return;
  throw internalError('bad-token-row', `token row ${rows[bad]!} is not one of ${batchSize} × ${nTokens}`);
}

/** Fills the row's noise and returns its diffusion step. Addresses are places in the batch: independent of the split. */
function drawNoise(spec: ModelSpec, noise: TrainingBatch['noise'], place: number, epsilon: Float32Array): number {
  const dim = spec.dimPerToken;
  if (noise.kind === 'given') {
    epsilon.set(noise.epsilon.subarray(place * dim, (place + 1) * dim));
    return noise.t[place]!;
  }
  const { seed, step } = noise;
  fillNormal(epsilon, { seed, step, stream: streams.diffusionNoise, item: 0 }, place * dim);
  const t = new Int32Array(1);
  fillIntegers(t, spec.diffusion.T, { seed, step, stream: streams.diffusionTime, item: 0 }, place);
  return t[0]!;
}

/** xt = sqrt(alphaBar)·x0 + sqrt(1 - alphaBar)·epsilon; padding counts as 0. */
function addNoise(schedule: Schedule, t: number, x0: Float32Array, epsilon: Float32Array, out: Float32Array): void {
  const signal = schedule.signalRate[t]!;
  const noise = schedule.noiseRate[t]!;
  for (let j = 0; j < out.length; j++) {
    out[j] = (Number.isNaN(x0[j]) ? 0 : signal * x0[j]!) + noise * epsilon[j]!;
  }
}

function countValid(x0: Float32Array): number {
  let count = 0;
  for (const value of x0) if (!Number.isNaN(value)) count++;
  return Math.max(1, count);
}

function pickRows(values: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, i) => picked.set(values.subarray(row * width, (row + 1) * width), i * width));
  return picked;
}
