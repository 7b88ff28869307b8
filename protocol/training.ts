// Learning a dataset: a new run, going on with one, and what it takes, before it is started or by measuring.
import { usualDdimSteps } from './ddim';
import { described, operation, type Progress } from './operation';
import type { PartialRunConfig, ResolvedRunConfig } from './runConfig';
import { runArgument, runRow } from './runWords';

/** Where training and sampling run; the best available device by default. */
export interface DeviceChoice {
  engine?: string;
  /** `wasm`, `cpu`, `webgpu`, `tensorflow`, or a CUDA card's number. */
  device?: string;
}

const isConfiguration = String.raw`resourceFilename =~ /\.rpg\.json$/`;

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
export const train = described(operation<TrainParams, TrainResult, TrainProgress>('train'), {
  activity: 'Training',
  params: {
    configFile: {
      kind: 'text',
      at: 'optionalArgument',
      name: 'config',
      help: 'a *.rpg.json with the run configuration',
    },
    dataset: { kind: 'text', placeholder: 'name', help: 'registered dataset, or a folder of checkpoints' },
    preset: { kind: 'text', placeholder: 'name', help: 'values to start from, such as demo' },
    settings: {
      kind: 'texts',
      name: 'set',
      placeholder: 'path=value',
      help: 'one value of the configuration, such as training.steps=500 (repeatable)',
    },
    workers: {
      kind: 'whole',
      placeholder: 'count',
      help: 'data-parallel workers; the same seed and count give the same bits',
    },
    init: { kind: 'text', placeholder: 'file', help: 'published weights to begin with instead of random ones' },
    acceptChanged: { kind: 'flag', help: 'train although the dataset changed since it was registered' },
    force: { kind: 'flag', help: 'train although the memory estimate is larger than what is free' },
  },
  cli: {
    name: 'train',
    description: 'learn the distribution of a dataset of checkpoints',
    choosesDevice: true,
    json: { help: 'print the result as JSON' },
  },
  editor: {
    command: 'rpg.train',
    title: 'Train',
    icon: '$(play)',
    enablement: 'workspaceFolderCount > 0',
    menus: [
      { menu: 'view/title', when: 'view == rpg.runs', group: 'navigation@1' },
      {
        menu: 'view/item/context',
        when: 'view == rpg.datasets && viewItem == dataset.ready',
        group: 'inline@1',
      },
      {
        menu: 'view/item/context',
        when: 'view == rpg.datasets && viewItem == dataset.ready',
        group: '1_use@1',
      },
      { menu: 'explorer/context', when: isConfiguration, group: '4_rpg@1' },
      { menu: 'editor/title', when: isConfiguration, group: 'navigation' },
    ],
  },
});

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

const isResumable = runRow('(stopped|interrupted|failed)');

export interface ResumeParams extends DeviceChoice {
  /** Id, number, part of an id, or `last`. */
  run: string;
  acceptChanged?: boolean;
  force?: boolean;
}

/** Goes on from a run's newest good snapshot. On the same device the result has the bits of an uninterrupted run. */
export const resume = described(operation<ResumeParams, TrainResult, TrainProgress>('resume'), {
  activity: 'Training',
  params: {
    run: runArgument,
    acceptChanged: { kind: 'flag', help: 'go on although files of the dataset changed' },
    force: { kind: 'flag', help: 'go on although the memory estimate is larger than what is free' },
  },
  cli: {
    name: 'resume',
    description: 'go on with an interrupted or stopped run from its newest good snapshot',
    choosesDevice: true,
    json: { help: 'print the result as JSON' },
  },
  editor: {
    command: 'rpg.resume',
    title: 'Resume',
    icon: '$(debug-continue)',
    enablement: 'rpg.hasResumable',
    menus: [
      { menu: 'view/item/context', when: isResumable, group: 'inline@1' },
      { menu: 'view/item/context', when: `${isResumable} && !listMultiSelection`, group: '2_run@2' },
    ],
  },
});

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
export const benchmark = described(operation<BenchmarkParams, BenchmarkResult, Progress>('benchmark'), {
  activity: 'Measuring',
  params: {
    preset: { kind: 'text', placeholder: 'name', help: 'which published size', isRequired: true },
    steps: { kind: 'whole', placeholder: 'n', help: 'measured steps (default: 20)' },
    nTokens: {
      kind: 'whole',
      name: 'tokens',
      placeholder: 'n',
      help: 'tokens of a checkpoint (default: 19 for cnn presets, else 1448)',
    },
    sampleSteps: {
      kind: 'flag',
      name: 'generate',
      help: `also sample one network in ${usualDdimSteps} DDIM steps`,
      means: usualDdimSteps,
    },
  },
  cli: { name: 'bench', description: 'time training steps of a preset on random tokens', choosesDevice: true },
  editor: { command: 'rpg.benchmark', title: 'Benchmark', icon: '$(dashboard)' },
});

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
