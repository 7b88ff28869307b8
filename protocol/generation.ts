// New networks from a run.
import { described, operation, type Progress } from './operation';
import type { GeneratedRecord } from './runRecords';
import type { DeviceChoice } from './training';
import { runArgument, runRow } from './runWords';

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
export const generate = described(operation<GenerateParams, GenerateResult, Progress>('generate'), {
  activity: 'Generating',
  params: {
    run: runArgument,
    count: { kind: 'whole', placeholder: 'n', help: 'networks, per class where there are classes', default: 1 },
    sampler: {
      kind: 'choice',
      placeholder: 'name',
      help: 'how to sample (default: ddpm)',
      choices: ['ddpm', 'ddim'],
    },
    steps: { kind: 'whole', placeholder: 'n', help: 'DDIM steps (default: 60)' },
    spacing: {
      kind: 'choice',
      placeholder: 'kind',
      help: 'which steps DDIM visits',
      choices: ['published', 'even'],
    },
    eta: { kind: 'real', placeholder: 'value', help: 'noise of DDIM, 0 to 1 (default: 0.05)' },
    seed: {
      kind: 'whole',
      placeholder: 'n',
      help: 'the same seed gives the same networks (default: a random one, written beside them)',
    },
    permutation: {
      kind: 'whole',
      placeholder: 'k',
      help: 'permutation state of all, or random for each',
      orWords: ['random'],
    },
    classes: { kind: 'wholes', name: 'class', placeholder: 'n,…', help: 'classes of a task-conditioned run' },
    format: {
      kind: 'choice',
      help: "file format (default: the training checkpoints')",
      choices: ['pth', 'safetensors'],
    },
    out: {
      kind: 'text',
      placeholder: 'folder',
      help: "where to (default: a new folder under the run's samples/)",
    },
    tag: { kind: 'text', help: "part of the file names (default: the run's name)" },
    tokenSlice: {
      kind: 'whole',
      placeholder: 'rows',
      help: 'token rows denoised at once, on CUDA: a number, full or auto (default: auto)',
      orWords: ['full', 'auto'],
      least: { value: 1, otherwise: 'Give a number of token rows, full or auto.' },
    },
    snapshot: { kind: 'whole', placeholder: 'step', help: 'which snapshot (default: the newest good one)' },
    test: { kind: 'flag', help: "test every network with the dataset's test" },
    timeLimitSeconds: {
      kind: 'real',
      name: 'time-limit',
      placeholder: 'seconds',
      help: 'of one test (default: 600)',
    },
    accuracyPattern: {
      kind: 'text',
      placeholder: 'regexp',
      help: 'its first group is the accuracy in the test’s output',
    },
    force: { kind: 'flag', help: 'replace files that exist' },
  },
  cli: {
    name: 'generate',
    description: 'sample new networks from a run and write them as checkpoints',
    choosesDevice: true,
  },
  editor: {
    command: 'rpg.generate',
    title: 'Generate',
    icon: '$(sparkle)',
    enablement: 'rpg.hasSnapshot',
    menus: [
      { menu: 'view/item/context', when: runRow('.*hasSnapshot'), group: 'inline@2' },
      { menu: 'view/item/context', when: `${runRow('.*hasSnapshot')} && !listMultiSelection`, group: '3_use@1' },
    ],
  },
});

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
