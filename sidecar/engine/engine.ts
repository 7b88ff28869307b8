// The contract between the product and an engine. An engine is a place where the model of `model/modelSpec.ts` runs: it
// owns parameters, optimizer state and scratch memory of one open model, and is free to plan memory, fuse and capture a
// whole step. An engine is not a tensor library: nothing finer than a training step or a sampling run crosses this line,
// and it never sees files, clocks, run folders or RPC. All arrays are row-major float32 unless said otherwise.
import type { ModelSpec } from '../model/modelSpec';
import type { NamedArrays } from '../util/namedArrays';
import type { SamplerPlan } from '../model/sampler';

export type { NamedArrays };

/** What `probe` found. `unavailable` always says what is missing and what would mend it. */
export type Probe =
  | { kind: 'available'; device: string; memoryBytes: number | null; notes: readonly string[] }
  | { kind: 'unavailable'; reason: string };

/** One device of one engine, such as portable/wasm or cuda/0. */
export interface EngineDevice {
  readonly engine: 'portable' | 'cuda';
  /** `wasm`, `cpu`, `webgpu`, `tensorflow`; `0`, `1`, … for CUDA cards. */
  readonly device: string;
  /** One line for a picker. */
  readonly title: string;
  readonly facts: DeviceFacts;
  /** Cheap, never throws, may be called often. */
  probe(): Promise<Probe>;
  /** Why no memory would be enough for a model of these sizes, naming the setting; null where it runs. Absent: it runs all. */
  refuses?(spec: ModelSpec, precision: OpenOptions['precision']): string | null;
  /** What training will take, of engines that plan it before they take it; others' need is estimated from the model's shapes. */
  planTraining?(spec: ModelSpec, options: Pick<OpenOptions, 'precision' | 'optimizerState'>): Promise<TrainingMemory>;
  /** Errors: `RpgError` (user) when memory does not suffice or the device went away, naming the setting that lowers the need. */
  open(spec: ModelSpec, options: OpenOptions): Promise<Model>;
}

/** What a device offers, and what of the machine it takes: whoever asks for this need not know its name. */
export interface DeviceFacts {
  readonly kind: 'processor' | 'card';
  /** Takes turns with all other work of the host, whose cores (or whose one tfjs backend) it uses; else it has a turn of its own. */
  readonly sharesHost: boolean;
  /** Has memory of its own, and counts it; else the host's is what there is. */
  readonly ownsMemory: boolean;
  /** A worker computes on one core, so a run gets one for each; else the device is parallel in itself. */
  readonly workersPerCore: boolean;
  /** Heeds `tokenSlice`. */
  readonly slicesTokens: boolean;
  readonly precisions: readonly ('float32' | 'bfloat16')[];
  /** What `precision: auto` means here. */
  readonly fastPrecision: 'float32' | 'bfloat16';
  /** To train with. */
  readonly optimizerStates: readonly Exclude<OptimizerState, 'none'>[];
}

export interface OpenOptions {
  seed: number;
  /** Data-parallel workers (portable engine); part of a run's identity: the same seed and count give the same bits. */
  workers: number;
  precision: 'auto' | 'float32' | 'bfloat16';
  /** `none`: only to generate; the optimizer's memory is not taken and `step` is refused (engines that plan it). */
  optimizerState: OptimizerState;
  /** (nTokens · dModel) the tokenizer's sinusoids, `model.pe`'s initial value; absent: zeros, for callers that write weights next. */
  positionEmbedding?: Float32Array;
  /** Token rows denoised at once when generating: a number, all of a network's, or as many as fit. Engines that cannot choose ignore it. */
  tokenSlice?: TokenSlice;
  /** Told what memory will be taken for what, before it is taken (engines that plan it). */
  onMemoryPlan?: (line: string) => void;
  signal?: AbortSignal;
}

export type OptimizerState = 'float32' | 'uint8' | 'none';

/** What training takes of a device's own memory. *Units* bytes. */
export interface TrainingMemory {
  /** Weights, their copies and gradients. */
  readonly weightBytes: number;
  readonly optimizerBytes: number;
  /** Everything else of a step at its highest. */
  readonly activationBytes: number;
}

export type TokenSlice = number | 'full' | 'auto';

/** Where a step's time goes. */
export interface StepProfile {
  /** *Units* ms */
  parts: { recurrent: number; diffusion: number; optimizer: number };
  /** Floating-point operations of matrix products and convolutions (a multiply-add is two), as they are made, not as published. */
  operations: number;
  /**
   * No step on this device can be faster: those operations at its full rate, and weights and optimizer state once through its
   * memory; all else for nothing. *Units* ms
   */
  floorMs: number;
}

/**
 * One training step's inputs. Only the token rows that enter the loss are given: the recurrent model never reads tokens.
 * *Shapes* b = batchSize, n = rowsPerStep.
 */
export interface TrainingBatch {
  /** (b) row of to_permutation_state per sequence, or null in models without. */
  permutationState: Int32Array | null;
  /** (b, taskBits), 0 or 1, or null. */
  task: Float32Array | null;
  /** (n) rows of the flattened (b · nTokens), in the order of x0. */
  rows: Int32Array;
  /** (n, dimPerToken) the clean tokens of those rows; NaN marks padding. */
  x0: Float32Array;
  /** Given explicitly (golden values), or drawn by the engine from Philox (seed, step), the same on every engine. */
  noise: { kind: 'given'; t: Int32Array; epsilon: Float32Array } | { kind: 'seeded'; seed: number; step: number };
}

/** AdamW of this step; `step` counts from 1 and drives the bias correction. */
export interface StepHyper {
  step: number;
  learningRate: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** Who is generated: one entry per network. */
export interface Conditioning {
  /** (count) rows of to_permutation_state, or null. */
  permutationState: Int32Array | null;
  /** (count, taskBits), or null. */
  task: Float32Array | null;
}

export interface SampleRequest {
  count: number;
  conditioning: Conditioning;
  plan: SamplerPlan;
  /** Given explicitly (golden values) for count 1, or Philox (seed, network index, step). */
  noise:
    { kind: 'given'; xT: Float32Array; perStep: Float32Array } | { kind: 'seeded'; seed: number; firstNetwork: number };
  /** Called after every sampler step, in [0, 1]. */
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

/** An open model: parameters, optimizer state and memory on one device. Calls are made one at a time. */
export interface Model {
  /** What it runs on, for logs and run.json. */
  readonly description: string;
  /** One AdamW step. Resolves to the loss before it. */
  step(batch: TrainingBatch, hyper: StepHyper): Promise<{ loss: number }>;
  /** Loss and gradients without a step: what golden values and finite differences are compared with. */
  gradients(
    batch: TrainingBatch,
  ): Promise<{ loss: number; gradients: NamedArrays; prototypes: Float32Array; predictedNoise: Float32Array | null }>;
  /** (count, nTokens, dPrototype), in inference mode. */
  prototypes(conditioning: Conditioning): Promise<Float32Array>;
  /** (count, nTokens, dimPerToken) normalised tokens, in inference mode (running batch-norm statistics). */
  sample(request: SampleRequest): Promise<Float32Array>;
  /** Parameters and buffers by published name (no duplicates of shared entries). */
  readWeights(): Promise<NamedArrays>;
  /** Errors: names or shapes that differ from the inventory. */
  writeWeights(weights: NamedArrays): Promise<void>;
  /** `exp_avg.<name>`, `exp_avg_sq.<name>`, exact to the bit, so that a resumed run continues identically. */
  readOptimizerState(): Promise<NamedArrays>;
  writeOptimizerState(state: NamedArrays): Promise<void>;
  /** One step with every kernel timed, one after the other; engines that cannot tell leave it out. */
  profileStep?(batch: TrainingBatch, hyper: StepHyper): Promise<StepProfile>;
  /** Bytes held now and at the highest. */
  memory(): { bytes: number; peakBytes: number };
  dispose(): Promise<void>;
}
