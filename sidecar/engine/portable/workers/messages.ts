// What the model asks its workers, by method; one question at a time, the same to all or to some.
import type { ModelSpec } from '../../../model/modelSpec';
import type { NamedArrays } from '../../../util/namedArrays';
import type { SamplerPlan } from '../../../model/sampler';
import type { Conditioning, SampleRequest, StepHyper, TrainingBatch } from '../../engine';
import type { RpgError } from '../../../util/rpgError';
import type { SharedBuffers } from './sharedState';

type Blame = RpgError['blame'];

/** Given to a worker when it starts. */
export interface WorkerData {
  spec: ModelSpec;
  shared: SharedBuffers;
  worker: number;
  /** Which build of the SIMD kernel runs. */
  kernel: 'wasm' | 'native';
}

/** A sampling run of token rows [from, to) of (count · nTokens), without the functions of the request. */
export interface SampleTask {
  count: number;
  conditioning: Conditioning;
  plan: SamplerPlan;
  noise: SampleRequest['noise'];
  from: number;
  to: number;
}

/** Every question and its answer. */
export interface WorkerMethods {
  write(weights: NamedArrays): void;
  /** Reads the trained parameters anew after someone else wrote the shared arrays. */
  reload(): void;
  step(work: { batch: TrainingBatch; hyper: StepHyper }): { loss: number };
  gradients(batch: TrainingBatch): WorkerGradients;
  prototypes(work: { conditioning: Conditioning; from: number; to: number }): Float32Array;
  sample(task: SampleTask): Promise<Float32Array>;
  /** Ends a running `sample`. */
  cancel(): void;
  /** Buffers that are not trained and therefore not in the shared arrays. */
  buffers(): Promise<NamedArrays>;
  memory(): number;
}

/** One worker's part of `Model.gradients`; the gradients themselves are in the shared arrays. */
interface WorkerGradients {
  loss: number;
  /** Places in the batch of `predictedNoise`'s rows. */
  places: Int32Array;
  predictedNoise: Float32Array | null;
}

export type WorkerMethod = keyof WorkerMethods;

/** Methods in which workers wait for each other: a failure of one must wake the others and ends the model. */
export const meetingMethods: ReadonlySet<WorkerMethod> = new Set<WorkerMethod>(['step', 'gradients']);

export interface WorkerRequest {
  id: number;
  method: WorkerMethod;
  argument: unknown;
}

/** Answers by id; progress and readiness without one. */
export type WorkerReply =
  | { kind: 'ready' }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; code: string; blame: Blame; message: string; stack: string }
  | { kind: 'progress'; fraction: number };
