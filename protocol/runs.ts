// Runs as lists and views show them, and what can be done with one beside training it: stop, export, put aside.
import type { EvaluationRecord } from './evaluation';
import { operation } from './operation';
import type { ResolvedRunConfig } from './runConfig';
import type { RunDataset, RunEngine, RunFailure, RunSummary } from './runRecords';

export interface StopResult {
  run: string;
  pid: number;
  /** False: it was asked, and had not ended when the waiting did. */
  isStopped: boolean;
}

/** Asks a run's trainer, in whatever process, to save a snapshot and end. */
export const stopRun = operation<{ run: string; waitMs?: number }, StopResult>('stopRun');

/** All runs of the workspace, oldest first. */
export const listRuns = operation<Record<string, never>, RunSummary[]>('listRuns');

export interface ExportWeightsParams {
  run: string;
  out: string;
  snapshot?: number;
  overwrite?: boolean;
}

/** Writes a snapshot's weights under the published names. */
export const exportWeights = operation<ExportWeightsParams, { file: string; step: number; sizeBytes: number }>(
  'exportWeights',
);

/** Writes a run's curves as an event file that TensorBoard shows; the folder is its `--logdir`, or a folder in it. */
export const exportTensorBoard = operation<
  { run: string; out: string },
  { file: string; nScalars: number; sizeBytes: number }
>('exportTensorBoard');

export interface RunDetails {
  summary: RunSummary;
  /** These are null for a run that cannot be read. */
  config: ResolvedRunConfig | null;
  dataset: RunDataset | null;
  engine: RunEngine | null;
  failure: RunFailure | null;
  /** The evaluation asked for, or the newest; null before the first. */
  evaluation: { id: string; file: string; createdAt: string; record: EvaluationRecord } | null;
  /** Newest first; `createdAt` in ISO 8601. */
  evaluations: { id: string; createdAt: string }[];
  /** Tests beside the training (`training.evaluateEvery`), by ascending step. */
  duringTraining: TrainingTest[];
  /** Newest first. */
  samples: SampleSet[];
  /** What lies in the run's folder for people to open. */
  files: { path: string; title: string; kind: 'file' | 'folder' }[];
  resources: {
    memoryBytes: number | null;
    stepsPerSecond: number | null;
    /** Time spent training, over all resumptions, up to the last event. */
    elapsedMs: number | null;
  };
}

/** Networks that were generated from a snapshot and tested while the training went on. */
export interface TrainingTest {
  step: number;
  /** Mean of the networks that could be tested, in [0, 1]; null where none could. */
  accuracy: number | null;
  /** Why there is no accuracy, or null. */
  problem: string | null;
}

export interface SampleSet {
  folder: string;
  title: string;
  step: number;
  /** Passes through the denoiser that one network took. */
  passes: number;
  /** Sampling time of one network; null where it was not written down. */
  msPerNetwork: number | null;
  peakMemoryBytes: number | null;
  networks: { file: string; accuracy: number | null; nNotFinite: number }[];
}

/** One run with all that is known of it. A damaged one has its `problem` in the summary. */
export const runDetails = operation<{ run: string; evaluation?: string }, RunDetails>('runDetails');

export interface MetricsTailParams {
  run: string;
  /** Where the last answer ended; 0 for the whole curve. */
  fromByte: number;
  /** Last step of the last answer; 0 for the whole curve. */
  afterStep: number;
}

/** Parallel arrays, ascending steps. */
export interface MetricsTail {
  steps: number[];
  loss: (number | null)[];
  learningRate: (number | null)[];
  nextByte: number;
  /** The file does not go on where it did, for a resumed run cut it back: these are its points from the beginning. */
  isRestarted: boolean;
  /** There is more: ask again. */
  hasMore: boolean;
}

/** The points of a run's curve that were added since the last question. */
export const metricsTail = operation<MetricsTailParams, MetricsTail>('metricsTail');

/** Puts a run that is not trained into `.rpg/trash`, from which `restoreRun` takes it back for seven days. */
export const removeRun = operation<{ run: string }, { run: string; trash: string }>('removeRun');

export interface RemovedRun {
  trash: string;
  run: string;
  /** ISO 8601. */
  removedAt: string;
}

/** What `restoreRun` can take back, newest first. */
export const removedRuns = operation<object, RemovedRun[]>('removedRuns');

export const restoreRun = operation<{ trash: string }, { run: string }>('restoreRun');
