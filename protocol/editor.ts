// Operations that an editor asks and the command line has no words for yet: what it takes to train, one run in detail, the
// new points of a curve, putting things aside and back, and what is missing on this machine.
import type { EvaluationRecord } from './evaluation';
import { operation } from './operation';
import type { DatasetRecord, DictionaryRecord, Progress } from './records';
import type { ResolvedRunConfig } from './runConfig';
import type { RunDataset, RunEngine, RunFailure, RunSummary } from './runRecords';
import type { DeviceChoice } from './sidecar';
import type { PrepareZooParams, PrepareZooResult } from './zoo';

export interface EstimateParams extends DeviceChoice {
  /** Registered name, or a folder of checkpoints. */
  dataset: string;
  /** Configuration files to estimate as well, each on the dataset it names. */
  configFiles?: string[];
}
/** What one preset takes on one dataset, or one configuration file on its own. */
export interface TrainingEstimate {
  /** Name of the preset, or path of the configuration file. */
  of: string;
  /** Why it cannot be trained on this dataset, or null. The numbers are 0 then. */
  problem: string | null;
  nTokens: number;
  nParameters: number;
  steps: number;
  memoryBytes: number;
  isFitting: boolean;
  /** Null where no speed of this device is known. */
  durationMs: number | null;
}
export interface EstimateResult {
  engine: string;
  device: string;
  title: string;
  freeBytes: number;
  /** What the times rest on, in words. */
  basis: string;
  /** One a preset, in their order; then one a configuration file. */
  estimates: TrainingEstimate[];
}
/** Memory and time of every preset on a dataset, before anything starts. */
export const estimateTraining = operation<EstimateParams, EstimateResult, Progress>('estimateTraining');

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

/** Writes a kept evaluation, the newest by default, as a self-contained HTML report. */
export const exportReport = operation<
  { run: string; evaluation?: string; out: string },
  { file: string; sizeBytes: number }
>('exportReport');

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

/** The tensor dictionaries of a folder's first checkpoint that may be the network, the likeliest first. */
export const candidateDictionaries = operation<{ folder: string }, DictionaryRecord[]>('candidateDictionaries');

/** Gives a dataset another name. Runs keep the name they began with. */
export const renameDataset = operation<{ name: string; newName: string }, DatasetRecord>('renameDataset');
/** Takes back an `unregister`. */
export const restoreDataset = operation<{ record: DatasetRecord }, DatasetRecord>('restoreDataset');

/** One thing the product can use, and whether it is there. */
export interface SetUpItem {
  id: 'device' | 'python' | 'torch' | 'dataset' | 'test' | 'disk';
  title: string;
  state: 'ok' | 'missing' | 'unknown';
  /** What was found, or what is missing and what would mend it. */
  detail: string;
  /** What an editor can offer to do about it. */
  fix: SetUpFix | null;
}
export type SetUpFix =
  | { kind: 'choosePython' }
  | { kind: 'chooseDevice' }
  /** To be typed into a terminal, for the person to run. */
  | { kind: 'terminal'; command: string }
  | { kind: 'locateDataset'; dataset: string }
  | { kind: 'setTest'; dataset: string };
/** Devices, Python, PyTorch, datasets, their tests, and room on the disk. Python is run only where the workspace is trusted. */
export const checkSetUp = operation<{ python: string; isTrusted: boolean }, SetUpItem[], Progress>('checkSetUp');

export interface PromptReading {
  /** The number whose binary digits are the task bits. */
  class: number;
  bits: number[];
  /** Labels that were found in the text, in the order of the bits. */
  labels: string[];
  /** Words that name no label. */
  unknown: string[];
}
/** Reads which labels a text asks for, and with them the task. Labels are those of the dataset's `labels.txt`, one a line. */
export const readPrompt = operation<{ run: string; prompt: string }, PromptReading>('readPrompt');

/** What training a zoo by a recipe takes on this machine, timed on its threads. */
export interface ZooEstimate {
  recipe: string;
  /** Of one run, whatever the number of its checkpoints. *Units* ms */
  trainingMs: number;
  /** Of one checkpoint. *Units* ms */
  testMs: number;
  /** Of the images; the rest is small. */
  memoryBytes: number;
}
/** One a recipe, in their order; takes about a second. */
export const estimateZoos = operation<object, ZooEstimate[], Progress>('estimateZoos');

/** Trains a zoo by a recipe and registers it. */
export const createZoo = operation<PrepareZooParams, PrepareZooResult & { dataset: string }, Progress>('createZoo');

export interface DemoZooResult {
  folder: string;
  dataset: string;
}
/** Copies the packaged zoo into the workspace and registers it; trains one where none is packaged. */
export const prepareDemo = operation<{ folder: string }, DemoZooResult, Progress>('prepareDemo');
