// Every operation the sidecar offers, by the name it travels under. The command line calls the same functions.
import type { EvaluateParams, EvaluationRecord } from './evaluation';
import { operation } from './operation';
import type { PartialRunConfig, ResolvedRunConfig } from './runConfig';
import type { PrepareZooParams, PrepareZooResult } from './zoo';
import type { GeneratedRecord, RunSummary } from './runRecords';
import type {
  CheckpointReport,
  DatasetRecord,
  DatasetSummary,
  DifferenceReport,
  FolderReport,
  Progress,
} from './records';

export interface InspectParams {
  path: string;
  /** Which tensor dictionary; the likeliest network by default. */
  key?: string;
  /** Read every value for statistics; off shows names, types and shapes only. */
  statistics?: boolean;
}
/** What a file or a folder of checkpoints holds. */
export const inspect = operation<InspectParams, CheckpointReport | FolderReport, Progress>('inspect');

export interface ConvertParams {
  input: string;
  output: string;
  key?: string;
  /** Element type of weights in the output; as they are by default. */
  dtype?: 'float16' | 'bfloat16' | 'float32' | 'float64';
  stripPrefix?: string;
  overwrite?: boolean;
}
export interface ConvertResult {
  path: string;
  nTensors: number;
  sizeBytes: number;
  notes: string[];
}
/** Writes a checkpoint in the format the output's name says. */
export const convert = operation<ConvertParams, ConvertResult, Progress>('convert');

export interface DiffParams {
  a: string;
  b: string;
  key?: string;
}
/** Distance, cosine and largest change of each tensor of two checkpoints. */
export const diff = operation<DiffParams, DifferenceReport, Progress>('diff');

export interface RegisterParams {
  folder: string;
  /** Made of the folder's name by default. */
  name?: string;
  testCommand?: string;
  /** Where the test prints its accuracy in a way of its own; a replaced dataset's is kept. */
  accuracyPattern?: string;
  key?: string;
  /** Replace a dataset of the same name. */
  replace?: boolean;
}
export interface RegisterResult extends DatasetRecord {
  /** What a person should know of the checkpoints, such as weights that are not numbers. */
  notes: string[];
}
/** Measures a folder of checkpoints and remembers it in the workspace. */
export const register = operation<RegisterParams, RegisterResult, Progress>('register');

/** Registered datasets, by name. */
export const datasets = operation<Record<string, never>, DatasetSummary[]>('datasets');

/** Forgets a dataset; its checkpoints stay where they are. Resolves to the record, so that it can be undone. */
export const unregister = operation<{ name: string }, DatasetRecord>('unregister');

/** Where training and sampling run; the best available device by default. */
export interface DeviceChoice {
  engine?: string;
  /** `wasm`, `cpu`, `webgpu`, `tensorflow`, or a CUDA card's number. */
  device?: string;
}

export interface TrainParams extends DeviceChoice {
  /** A `*.rpg.json`; `config` instead where an editor has the values. */
  configFile?: string;
  config?: PartialRunConfig;
  preset?: string;
  /** Registered name, or a folder of checkpoints. */
  dataset?: string;
  /** `path=value`, over everything else. */
  settings?: string[];
  /** Data-parallel workers of the portable engine; the same seed and count give the same bits. */
  workers?: number;
  /** Published weights (`.pth`) to begin with instead of random ones. */
  init?: string;
  /** Go on although the dataset changed since it was registered. */
  acceptChanged?: boolean;
  /** Go on although the estimate is larger than the free memory. */
  force?: boolean;
}

export interface TrainProgress {
  run: string;
  phase: 'preparing' | 'training' | 'saving';
  message: string;
  /** Steps done and in all. */
  step: number;
  steps: number;
  loss: number | null;
  learningRate: number | null;
  stepsPerSecond: number | null;
  remainingMs: number | null;
}

export interface TrainResult {
  run: string;
  folder: string;
  status: 'finished' | 'stopped';
  step: number;
  loss: number | null;
  /** Published-name weights, written when the run finished; null before. */
  weights: string | null;
  elapsedMs: number;
  /** What a person should know about the run although it went well, such as too few checkpoints. */
  notes: string[];
}

/** Trains a new run to its end, or until it is stopped. */
export const train = operation<TrainParams, TrainResult, TrainProgress>('train');

export interface RunEstimate {
  config: ResolvedRunConfig;
  engine: string;
  device: string;
  workers: number;
  nTokens: number;
  nParameters: number;
  /** Counted from the model's shapes, not measured. */
  memoryBytes: number;
  freeBytes: number;
  fits: boolean;
  /** Measured on this machine now; null where the model does not fit. */
  msPerStep: number | null;
  /** Steps only, without snapshots and tests. */
  totalMs: number | null;
}
/** Memory and time of the run that `train` would start with the same parameters. */
export const estimateRun = operation<TrainParams, RunEstimate, TrainProgress>('estimateRun');

export interface ResumeParams extends DeviceChoice {
  /** Id, number, part of an id, or `last`. */
  run: string;
  acceptChanged?: boolean;
  force?: boolean;
}
/** Goes on from a run's newest good snapshot. On the same device the result has the bits of an uninterrupted run. */
export const resume = operation<ResumeParams, TrainResult, TrainProgress>('resume');

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

export interface DeviceReport {
  engine: string;
  device: string;
  title: string;
  isAvailable: boolean;
  /** What it is when available, else what is missing and what would mend it. */
  description: string;
  memoryBytes: number | null;
  notes: string[];
}
/** Every device of every engine, best first. */
export const devices = operation<Record<string, never>, DeviceReport[]>('devices');

export interface GenerateParams extends DeviceChoice {
  run: string;
  /** Networks; for a task-conditioned run, per class. Default 1. */
  count?: number;
  sampler?: 'ddpm' | 'ddim';
  /** DDIM steps. */
  steps?: number;
  spacing?: 'published' | 'even';
  eta?: number;
  /** A random one by default; it is written beside the networks. */
  seed?: number;
  /** Row of the permutation embedding, or one drawn for each network. */
  permutation?: number | 'random';
  /** Classes to generate for; required for a task-conditioned run. */
  classes?: number[];
  format?: 'pth' | 'safetensors';
  /** Default: a new folder under the run's samples/. */
  out?: string;
  /** Part of the file names; the run's name by default. */
  tag?: string;
  /** Token rows denoised at once (CUDA): a number, all of a network's, or as many as fit the memory (the default). */
  tokenSlice?: number | 'full' | 'auto';
  /** Step of the snapshot to use; the newest good one by default. */
  snapshot?: number;
  /** Test every network with the dataset's test. */
  test?: boolean;
  /** Of one test; 600 by default. */
  timeLimitSeconds?: number;
  /** As `evaluate` takes it. */
  accuracyPattern?: string;
  /** Replace files that exist. */
  force?: boolean;
}

export interface GenerateResult {
  run: string;
  folder: string;
  step: number;
  seed: number;
  networks: { file: string; record: GeneratedRecord; test: NetworkTest | null }[];
  /** Sampling alone, without opening, writing and testing. */
  samplingMs: number;
  /** What a person should know although it went well, such as a sampler that begins in the midst of the schedule. */
  notes: string[];
}

/** One network, tested; `problem` where it could not be. */
export interface NetworkTest {
  accuracy: number | null;
  loss: number | null;
  problem: string | null;
}

/** Samples new networks from a run and writes them as checkpoints like the training ones. */
export const generate = operation<GenerateParams, GenerateResult, Progress>('generate');

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

/** Trains small real networks on packaged real images, as a dataset folder. */
export const prepareZoo = operation<PrepareZooParams, PrepareZooResult, Progress>('prepareZoo');

export interface EvaluateRunParams extends Partial<
  Omit<EvaluateParams, 'dataset' | 'key' | 'generated' | 'testCommand'>
> {
  run: string;
  /** Folder of networks to judge; the ones generated last by default, and ten new ones where there are none. */
  generated?: string;
  /** How many to generate where there are none. */
  count?: number;
  /** `python test.py {file}`; the dataset's registered test by default, else the built-in one of a built-in zoo. */
  test?: string;
  /** File to write a self-contained HTML report to. */
  report?: string;
  /** Folder to write CSV tables to. */
  csv?: string;
}

export interface EvaluateRunResult extends EvaluationRecord {
  /** Where the record is kept. */
  file: string;
  report: string | null;
  tables: string[];
}
/** Judges a run's generated networks beside its training checkpoints and the trivial baselines. */
export const evaluateRun = operation<EvaluateRunParams, EvaluateRunResult, Progress>('evaluateRun');

export interface BenchmarkParams extends DeviceChoice {
  preset: string;
  /** Tokens of a checkpoint: a preset does not say, a dataset does. */
  nTokens?: number;
  /** Measured steps, after three that warm up. */
  steps?: number;
  /** Also sample one network in this many DDIM steps. */
  sampleSteps?: number;
}
export interface BenchmarkResult {
  preset: string;
  nTokens: number;
  /** Engine, card, precision, libraries and planned memory in the engine's own words. */
  description: string;
  /** Milliseconds of a step. */
  stepMs: { median: number; p10: number; p90: number };
  /** Loss of the last step: random tokens, only to see that it is a number. */
  loss: number;
  sampleMs: number | null;
  peakBytes: number;
  /** Null where the engine cannot tell. */
  profile: {
    /** Milliseconds of a step whose kernels run one after the other. */
    parts: { recurrent: number; diffusion: number; optimizer: number };
    /** Operations of products and convolutions a second of the median step. */
    teraflops: number;
    /** The counted floor: those operations at the card's full rate, weights and optimizer state once through its memory. */
    floorMs: number;
    /** The floor's part of the median step. */
    floorShare: number;
  } | null;
}
/** Times training steps and sampling of a preset on random tokens. */
export const benchmark = operation<BenchmarkParams, BenchmarkResult, Progress>('benchmark');
