// New networks from a run.
import { operation, type Progress } from './operation';
import type { GeneratedRecord } from './runRecords';
import type { DeviceChoice } from './training';

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
