// Trains one network and hands out its checkpoints: Adam with cosine decay until it has converged, then one more epoch at a
// small constant rate during which checkpoints are saved. Data-parallel over threads with the same bits for any number of
// them: a batch is cut into a fixed number of shards, and shard gradients are added in shard order. Pure: no files, no clock.
import { seededRandom } from '../util/seededRandom';
import { adamStep, cosineLearningRate, createAdamState } from './adam';
import type { LabelledImages } from './imageData';
import { createNetwork } from './network';
import { compileForward, lanes } from './simd/forward';
import { initialParameters, parameterCount, type NetworkSpec } from './networkSpec';
import type { ZooSchedule } from './recipes/recipe';

/** Shards of a batch: the most threads that can help, and the order of every sum. */
export const shardCount = 4;

/** What is trained; every thread gets the same. */
export interface TrainingPlan {
  readonly spec: NetworkSpec;
  readonly schedule: ZooSchedule;
  readonly seed: number;
  /** Checkpoints of the last epoch. */
  readonly perRun: number;
}

/** A thread's place among its fellows. */
export interface ThreadPlace {
  readonly index: number;
  readonly count: number;
  /** (2, shardCount, parameters + 1): gradients and summed loss of each shard; steps alternate between the two halves. */
  readonly shards: Float64Array;
  /** Returns when every thread has called it. */
  readonly meet: () => void;
}

/** What thread 0 tells the outside. */
export interface TrainingListener {
  /** Mean cross entropy in nats over the steps since the last call, about eight times an epoch. */
  onProgress(step: number, totalSteps: number, loss: number): void;
  /** `step` counts from 0 inside the last epoch. *Shapes* weights (parameters), float32. */
  onCheckpoint(step: number, weights: Float32Array): void;
}

/** Values `ThreadPlace.shards` must hold. */
export const shardValues = (spec: NetworkSpec): number => 2 * shardCount * (parameterCount(spec) + 1);

/** Whole batches of an epoch; the rest of the shuffled images waits for the next one. */
export const stepsPerEpoch = (images: number, schedule: ZooSchedule): number => Math.floor(images / schedule.batchSize);

/** Runs the whole training as thread `place.index` of `place.count`. The calling thread is blocked until it is done. */
export function trainNetwork(
  { spec, schedule, seed, perRun }: TrainingPlan,
  images: LabelledImages,
  place: ThreadPlace,
  listener: TrainingListener,
): void {
  const perEpoch = stepsPerEpoch(images.count, schedule);
  const convergenceSteps = schedule.epochs * perEpoch;
  const totalSteps = convergenceSteps + perEpoch;
  const savingSteps = new Set(Array.from({ length: perRun }, (_, i) => Math.floor((i * perEpoch) / perRun)));
  const reportEvery = Math.max(1, Math.floor(perEpoch / 8));

  const random = seededRandom(seed, 0);
  const network = createNetwork(spec);
  const simd = compileForward(spec);
  const { parameters } = network;
  parameters.set(initialParameters(spec, random));
  const optimizer = createAdamState(parameters.length);
  const gradients = new Float64Array(parameters.length);
  const stride = parameters.length + 1;
  const imageSize = images.height * images.width;
  const { batchSize } = schedule;
  let order = random.permutation(images.count);
  let lossSum = 0;
  let lossSteps = 0;

  for (let step = 0; step < totalSteps; step++) {
    const inEpoch = step % perEpoch;
    if (inEpoch === 0 && step > 0) order = random.permutation(images.count);

    simd.parameters.set(parameters);
    // A half is overwritten two steps later; the meeting in between keeps it from being read then.
    const half = (step % 2) * shardCount * stride;
    for (let shard = place.index; shard < shardCount; shard += place.count) {
      const at = half + shard * stride;
      const slot = place.shards.subarray(at, at + stride);
      slot.fill(0);
      const from = inEpoch * batchSize + Math.floor((shard * batchSize) / shardCount);
      const to = inEpoch * batchSize + Math.floor(((shard + 1) * batchSize) / shardCount);
      for (let first = from; first < to; first += lanes) {
        const used = Math.min(lanes, to - first);
        for (let lane = 0; lane < used; lane++) simd.setImage(lane, images.pixels, order[first + lane]! * imageSize);
        simd.run();
        for (let lane = 0; lane < used; lane++) {
          const image = order[first + lane]!;
          network.forwardFrom(simd, lane, images.pixels, image * imageSize);
          slot[parameters.length]! += network.backward(images.labels[image]!, 1 / batchSize, slot);
        }
      }
    }
    place.meet();

    gradients.fill(0);
    for (let shard = 0; shard < shardCount; shard++) {
      const at = half + shard * stride;
      for (let p = 0; p < parameters.length; p++) gradients[p]! += place.shards[at + p]!;
      lossSum += place.shards[at + parameters.length]! / batchSize;
    }
    lossSteps++;
    const learningRate = cosineLearningRate(step, convergenceSteps, schedule.learningRate, schedule.savingLearningRate);
    adamStep(optimizer, parameters, gradients, learningRate);

    if (place.index !== 0) continue;
    if (step >= convergenceSteps && savingSteps.has(inEpoch)) {
      listener.onCheckpoint(inEpoch, Float32Array.from(parameters));
    }
    if ((step + 1) % reportEvery === 0 || step + 1 === totalSteps) {
      listener.onProgress(step + 1, totalSteps, lossSum / lossSteps);
      lossSum = 0;
      lossSteps = 0;
    }
  }
}
