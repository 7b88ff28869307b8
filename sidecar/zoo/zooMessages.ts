// What travels between the sidecar and its zoo worker threads. Images and shard gradients are shared memory, never copied.
import type { LabelledImages } from './imageData';
import type { NetworkSpec } from './networkSpec';
import type { TrainingPlan } from './trainNetwork';

/** `workerData`: what the thread is for. */
export type ZooWorkerTask =
  | { kind: 'test'; spec: NetworkSpec; images: LabelledImages }
  | {
      kind: 'train';
      plan: TrainingPlan;
      images: LabelledImages;
      index: number;
      count: number;
      shards: SharedArrayBuffer;
      barrier: SharedArrayBuffer;
    };

/** To a testing thread: one range of one network at a time. */
export interface TestRequest {
  weights: Float32Array;
  from: number;
  to: number;
}

/** From a testing thread, one per request. */
export interface TestReply {
  lossSum: number;
  correct: number;
  predictions: Uint8Array;
  probabilities: Float32Array;
}

/** From training thread 0; every thread ends with `done`. */
export type TrainingMessage =
  | { kind: 'progress'; step: number; totalSteps: number; loss: number }
  | { kind: 'checkpoint'; step: number; weights: Float32Array }
  | { kind: 'done' };
