// What is written into run folders, and what lists and views show of it. Every record on disk is one of these types; its
// writer is sidecar/runs.
import type { ResolvedRunConfig } from './runConfig';

/** One thing wrong with a configuration. */
export interface ConfigProblem {
  /** Dotted path of the field, such as `training.batchSize`. */
  readonly path: string;
  /** Where the value came from: a file's name, `setting`, `as asked`, a preset, `default`. */
  readonly source: string;
  readonly message: string;
}

/** Version of the run folder's layout. A run with a newer one is shown but never touched. */
export const runFormatVersion = 1;

/** How a run ended, as its trainer wrote it; `running` also remains where a trainer was killed. */
export type RecordedStatus = 'running' | 'finished' | 'failed' | 'stopped';

/** What a run is now. `interrupted`: its trainer is gone without an end; `unreadable`: made by a newer version, or damaged. */
export type RunStatus = RecordedStatus | 'interrupted' | 'unreadable';

/** The engine and device of a run, and why the others were not taken. */
export interface RunEngine {
  readonly engine: string;
  readonly device: string;
  /** What the engine says it runs on. */
  readonly description: string;
  /** One line a decision. */
  readonly reasons: readonly string[];
}

/** The dataset as it was when the run began. */
export interface RunDataset {
  readonly name: string;
  readonly folder: string;
  readonly fingerprint: string;
  readonly nCheckpoints: number;
  readonly nTokens: number;
  readonly nWeights: number;
}

/** Why a run failed. */
export interface RunFailure {
  readonly code: string;
  readonly message: string;
  /** Steps done before it. */
  readonly step: number;
  /** Step of the last snapshot from before it, or null. */
  readonly lastSnapshot: number | null;
}

/** `run.json`: with the dataset, all that is needed to do the run again. */
export interface RunRecord {
  readonly formatVersion: number;
  readonly id: string;
  readonly createdAt: string;
  /** How it learns, by the method's id; absent: recurrent diffusion, the first there was. */
  readonly method?: string;
  readonly config: ResolvedRunConfig;
  readonly dataset: RunDataset;
  readonly engine: RunEngine;
  /** Data-parallel workers: the same seed and count give the same bits. */
  readonly workers: number;
  readonly nParameters: number;
  /** Weights the run began with instead of random ones. */
  readonly init: { readonly path: string; readonly sha256: string } | null;
  /** Run whose weights it began with. */
  readonly parent: string | null;
  readonly versions: Readonly<Record<string, string>>;
  readonly status: RecordedStatus;
  readonly failure: RunFailure | null;
}

/** One line of `metrics.jsonl`. No times: a resumed run writes the same bytes as an uninterrupted one. */
export interface MetricsLine {
  /** Counts from 1. */
  readonly step: number;
  /** Loss before this step's update. */
  readonly loss: number;
  readonly learningRate: number;
}

/** The facts of every kind of event, in the order of the file. */
export interface RunEventFacts {
  readonly started: StartFacts;
  readonly resumed: StartFacts;
  readonly snapshot: {
    readonly step: number;
    readonly loss: number | null;
    readonly stepsPerSecond: number | null;
    /** Of the model: held now, and at the highest. */
    readonly bytes: number;
    readonly peakBytes: number;
  };
  /** The test of a snapshot beside the training. */
  readonly 'test-skipped': { readonly step: number; readonly reason: string };
  readonly tested: { readonly step: number; readonly problem: string | null };
  readonly interrupted: EndFacts;
  readonly stopped: EndFacts;
  readonly failed: RunFailure;
  readonly finished: { readonly step: number; readonly loss: number | null };
  readonly generated: {
    /** Absolute. */
    readonly folder: string;
    readonly count: number;
    /** Training steps of the weights. */
    readonly step: number;
    readonly seed: number;
    /** Of all its networks together. */
    readonly samplingMs: number;
    /** `engine/device`. */
    readonly device: string;
    /** Of the process, and of the model on a card. */
    readonly peakBytes: number;
    readonly deviceBytes: number | null;
  };
  readonly evaluated: { readonly file: string; readonly generated: string };
  readonly 'engine-changed': { readonly from: string; readonly to: string; readonly step: number };
  /** Steps of the snapshots whose files do not have their hashes. */
  readonly 'snapshots-damaged': { readonly steps: readonly number[] };
}

interface StartFacts {
  readonly step: number;
  readonly pid: number;
  /** What the model says it runs on. */
  readonly device: string;
}

interface EndFacts {
  readonly step: number;
  readonly by: 'signal' | 'request';
}

export type RunEventKind = keyof RunEventFacts;

/** One line of `log.jsonl` without its time: what was decided, and what happened. */
export type RunEvent<Kind extends RunEventKind = RunEventKind> = {
  [Each in Kind]: { readonly event: Each } & RunEventFacts[Each];
}[Kind];

/** One as it was read: a fact is null that an older version did not write, or that is not what it should be. */
export type LoggedEvent<Kind extends RunEventKind = RunEventKind> = {
  [Each in Kind]: {
    /** ISO 8601, UTC. */
    readonly time: string;
    readonly event: Each;
  } & { readonly [Fact in keyof RunEventFacts[Each]]: RunEventFacts[Each][Fact] | null };
}[Kind];

/** `DONE` of a snapshot: written last, so that a snapshot with a fitting one is whole. */
export interface SnapshotRecord {
  readonly formatVersion: number;
  readonly step: number;
  readonly files: Readonly<Record<string, { readonly sizeBytes: number; readonly sha256: string }>>;
}

/** `rng.json` of a snapshot. Every random choice is a function of (seed, step): there is no other state. */
export interface RandomState {
  readonly algorithm: 'philox4x32-10';
  readonly seed: number;
  /** Steps done. */
  readonly step: number;
}

/** One run in a list. */
export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly status: RunStatus;
  readonly name: string;
  readonly dataset: string;
  readonly createdAt: string;
  /** Of the last complete line of metrics.jsonl; 0 before the first. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
  readonly engine: string;
  readonly device: string;
  /** Process that trains it now, or null. */
  readonly pid: number | null;
  /** Steps of the snapshots that can be used, oldest first. */
  readonly snapshots: readonly number[];
  /** What is wrong with it, in words, or null. */
  readonly problem: string | null;
  /** Changes with all that its folder tells but its curve, and with nothing else: who has read it knows when to read again. */
  readonly revision: string;
}

/** The JSON beside a generated network. */
export interface GeneratedRecord {
  readonly formatVersion: number;
  readonly file: string;
  readonly run: string;
  /** Training steps of the weights it was sampled from. */
  readonly step: number;
  readonly seed: number;
  /** Index of its noise under the seed. */
  readonly networkIndex: number;
  readonly sampler: {
    /** `none`: a run without diffusion, whose prototypes are the tokens. */
    readonly kind: 'ddpm' | 'ddim' | 'none';
    readonly steps: number;
    readonly spacing: 'published' | 'even';
    readonly eta: number;
  };
  readonly permutationState: number | null;
  readonly class: number | null;
  readonly engine: string;
  readonly device: string;
  /** NaN or infinite weights in it; such a network is of no use. */
  readonly nNotFinite: number;
  /** Of the file's bytes; null for an adapter folder. */
  readonly sha256: string | null;
}
