// A method's part in training: what it will open and what that takes, and the open model with its data that a run trains.
import type { RandomState } from '../../protocol/runRecords';
import type { EngineDevice, TrainingMemory } from '../engine/engine';
import type { Snapshot, SnapshotPart } from '../runs/snapshots';

export interface TrainingRequest {
  readonly device: EngineDevice;
  /** Data-parallel workers. */
  readonly workers: number;
}

/** A model of a method for one dataset on one device, before it is opened. */
export interface TrainingPlan {
  readonly nTokens: number;
  readonly estimate: MemoryEstimate;
  /** Of the dataset as the method reads it. *Units* bytes */
  readonly dataBytes: number;
  /** *Errors* those of reading the checkpoints and opening the device. */
  open(request: OpenTrainingRequest): Promise<Trainable>;
}

export interface MemoryEstimate extends TrainingMemory {
  readonly nParameters: number;
  /** Of the processes themselves, before any model. */
  readonly runtimeBytes: number;
  readonly totalBytes: number;
}

export interface OpenTrainingRequest {
  readonly dataset: {
    readonly folder: string;
    readonly key: string;
    readonly fingerprint: string;
    readonly fileNames: readonly string[];
  };
  /** For what may be deleted at any time. */
  readonly cacheFolder: string;
  /** Of what may be held in memory of the dataset. */
  readonly memoryLimitBytes: number;
  /** A line for people. */
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/** An open model with its data: what a run trains. Calls are made one at a time. */
export interface Trainable {
  /** What it runs on, for logs and run.json. */
  readonly description: string;
  /** From a step to the end. *Errors* `loss-not-finite`, and the engine's. */
  train(startStep: number, shouldStop: () => boolean): AsyncGenerator<TrainerEvent, void, void>;
  /** Weights that someone exported, to begin with. *Errors* `weights-of-another-model`, naming the file. */
  beginWith(weightsFile: string): Promise<void>;
  /** *Errors* `weights-not-finite`: such a snapshot would be worth nothing. */
  snapshotParts(random: RandomState): Promise<SnapshotPart[]>;
  /** Weights and optimizer state, exact to the bit. */
  restore(snapshot: Snapshot): Promise<void>;
  /** As people take them elsewhere. *Errors* `file-system`. */
  writeWeights(file: string): Promise<void>;
  /** Bytes of the device held now and at the highest. */
  memory(): { bytes: number; peakBytes: number };
  dispose(): Promise<void>;
}

export type TrainerEvent =
  | { kind: 'step'; step: number; loss: number; learningRate: number }
  /** The model is at this step and stays there until the next event is asked for. */
  | { kind: 'snapshotDue'; step: number; evaluate: boolean }
  | { kind: 'stopped'; step: number }
  | { kind: 'done'; step: number };
