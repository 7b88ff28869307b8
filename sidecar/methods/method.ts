// What a method is: a way to learn the distribution of a folder of checkpoints and draw new networks from it. Each is a folder
// here and a line in registry.ts. Use cases talk to this contract and know no model; a method knows no run folder, lock, queue
// or front door. The trivial baselines (evaluation/baselines) are the untrained kind of the same family: they make networks of
// the same checkpoints, and need none of this. A run says which method it is of by an optional `method` in its record; the runs
// there are have none and are the first one's (`methodOf`). What a request needs of a method is made once: a structure is cut,
// the cut and a configuration are a model, and a model is asked everything else.
import type { ResolvedRunConfig, RunConfig } from '../../protocol/runConfig';
import type { BenchmarkResult } from '../../protocol/training';
import type { EngineDevice } from '../engine/engine';
import type { Snapshot } from '../runs/snapshots';
import type { Structure } from '../tokenizer/structure';
import type { GeneratingPlan, GeneratingRequest } from './generating';
import type { TrainingPlan, TrainingRequest } from './training';

export interface Method {
  /** Stable, as records name it. */
  readonly id: string;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly about: string;
  /** The paper, with its arXiv number. */
  readonly source: string;
  /** Files of a snapshot that generating and exporting read; of the others' contents nothing is asked then. */
  readonly weightFiles: readonly string[];
  /** *Errors* `too-many-tokens`, and others of a user: what networks of this structure cannot be cut into. */
  cut(structure: Structure, how: Cutting): Cut;
  /** The model of a run by what its record says, without its dataset. */
  modelOfRun(run: RunSizes): RunModel;
  /** Times what a device does for a model; absent: there is nothing to be timed. */
  benchmark?(request: BenchmarkRequest): Promise<Omit<BenchmarkResult, 'preset'>>;
}

/** How a configuration has networks cut into parts. */
export type Cutting = Pick<RunConfig['tokens'], 'dimPerToken' | 'split'>;

/** Networks of one structure in the parts that a method reads them in. */
export interface Cut {
  /** Tokens, or whatever a method cuts a network into. */
  readonly nTokens: number;
  /** Of a configuration that has networks cut this way. */
  model(config: ResolvedRunConfig, nCheckpoints: number): DatasetModel;
}

/** What run.json says of a model's size. */
export interface RunSizes {
  readonly config: ResolvedRunConfig;
  readonly dataset: { readonly nCheckpoints: number; readonly nTokens: number };
}

/** A model by its sizes. */
export interface RunModel {
  /** Why no memory of a device would be enough to train it, naming the setting; null where it can be trained. */
  refuses(device: EngineDevice): string | null;
  /** Of a training step, counted: over a device's measured speed in the same, how long a step takes. */
  stepOperations(): number;
  /** A snapshot's weights, as people take them elsewhere. *Errors* `file-system`, and those of reading the snapshot. */
  exportWeights(snapshot: Snapshot, file: string): Promise<void>;
}

/** A model for networks of one structure. */
export interface DatasetModel extends RunModel {
  /** Settles what will be opened and what it takes; opens nothing. *Errors* user: values that do not fit each other. */
  planTraining(request: TrainingRequest): Promise<TrainingPlan>;
  /** Settles how networks are drawn; reads and opens nothing. *Errors* `bad-request` and others of a user, of the sampler's options. */
  planGenerating(request: GeneratingRequest): GeneratingPlan;
}

export interface BenchmarkRequest extends RunSizes {
  readonly device: EngineDevice;
  /** Steps that are timed. */
  readonly steps: number;
  /** Also draw a network in this many steps of the sampler. */
  readonly sampleSteps: number | undefined;
  /** `fraction` in [0, 1]. */
  readonly report: (progress: { fraction: number; message: string }) => void;
  readonly signal: AbortSignal;
}
