// A method's part in generating: how networks will be drawn, and the open model that draws them. Which networks are wanted, and
// the files they become, are the use case's.
import type { GenerateParams } from '../../protocol/generation';
import type { GeneratedRecord } from '../../protocol/runRecords';
import type { EngineDevice, TokenSlice } from '../engine/engine';
import type { Snapshot } from '../runs/snapshots';

export interface GeneratingRequest {
  /** What a person said of the sampler. */
  readonly sampler: Pick<GenerateParams, 'sampler' | 'steps' | 'spacing' | 'eta'>;
  /** Training steps of the weights. */
  readonly step: number;
}

/** How networks are drawn, before anything is opened. */
export interface GeneratingPlan {
  /** As each network's record says it. */
  readonly sampler: GeneratedRecord['sampler'];
  readonly conditions: Conditions;
  /** What a person should know although it goes well. */
  readonly notes: readonly string[];
  /** At most so many networks are drawn together: they are in memory at once. At least 1. */
  readonly groupSize: number;
  /** Why no memory of a device would be enough; null where it draws networks. */
  refuses(device: EngineDevice): string | null;
  /** *Errors* those of opening the device and reading the snapshot. */
  open(request: OpenGeneratingRequest): Promise<NetworkGenerator>;
}

/** What a network can be asked to be of; null: nothing of the kind. */
export interface Conditions {
  /** How many permutation states there are. */
  readonly permutationStates: number | null;
  /** Binary digits of a task. */
  readonly taskBits: number | null;
}

/** One network that is wanted. */
export interface WantedNetwork {
  /** Index of its noise under the seed. */
  readonly index: number;
  readonly permutationState: number | null;
  readonly class: number | null;
}

export interface OpenGeneratingRequest {
  /** Of that step or a later one. */
  readonly snapshot: Snapshot;
  readonly device: EngineDevice;
  /** Those of the run. */
  readonly workers: number;
  readonly tokenSlice: TokenSlice;
  /** A line for people. */
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Open, with a snapshot's weights. Calls are made one at a time. */
export interface NetworkGenerator {
  /** In the order of `networks`, which follow each other; the same for the same seed and index. *Errors* `cancelled`; the engine's. */
  sample(request: SampleNetworksRequest): Promise<NetworkWeights[]>;
  /** Bytes of the device held now and at the highest. */
  memory(): { bytes: number; peakBytes: number };
  dispose(): Promise<void>;
}

export interface SampleNetworksRequest {
  /** At least one, and no more than the plan's `groupSize`. */
  readonly networks: readonly WantedNetwork[];
  readonly seed: number;
  /** In [0, 1]. */
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Calls `use` with every generated parameter's values, row-major, in the structure's order. The arrays are the callee's to keep. */
export type NetworkWeights = (use: (parameterIndex: number, values: Float32Array) => void) => void;
