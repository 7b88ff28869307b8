// What the results view is told and what it asks for. The host keeps the truth and posts it; the page draws it and posts
// intents. Everything is plain JSON: `null` where a number is not known or not finite, times in ms, sizes in bytes.
//
// Order of messages: the page posts `ready` when its script runs (also after a reload, and when a hidden panel was thrown
// away); the host answers with one whole `state`, then with `metrics` from index 0 for every selected run. After that it
// posts `changed` for the parts that changed and `metrics` for the points that were added; several times a second is fine.
import type { EvaluationResult } from './evaluation';
import type { ResolvedRunConfig } from './runConfig';
import type { RunDataset, RunEngine, RunFailure, RunSummary } from './runRecords';

/** Host → page. */
export type ViewMessage =
  | { readonly kind: 'state'; readonly state: ViewState }
  /** Top-level parts of the state that changed, each one whole. Ignored before the first `state`. */
  | { readonly kind: 'changed'; readonly parts: Partial<ViewState> }
  | ({ readonly kind: 'metrics' } & MetricsChunk)
  /** Reveals a part of the page and moves the focus there, as for a command of the palette. */
  | { readonly kind: 'show'; readonly section: ViewSection };

/** Everything the page shows except the points of the curves. */
export interface ViewState {
  /** `loading`: the sidecar is being asked. `failed`: it could not answer; the last known runs may still be shown. */
  readonly status:
    | { readonly kind: 'loading' }
    | { readonly kind: 'ready' }
    | { readonly kind: 'failed'; readonly problem: ViewProblem };
  /** Every run of the workspace, newest first; what the run picker offers. */
  readonly runs: readonly RunSummary[];
  /** Registered datasets: with none and no runs the page offers the demo and the registration. */
  readonly nDatasets: number;
  /** The selected runs that could be read, in the order of selection: the first is shown in full, the others beside it. */
  readonly selected: readonly RunView[];
  /** How far the selected runs are, and what they take. Apart from `selected`, so that a tick of training is a small message. */
  readonly live: readonly RunLive[];
  /** What runs now, in this window. */
  readonly jobs: readonly JobView[];
}

/** Something that went wrong, and what the person can do about it. */
export interface ViewProblem {
  readonly message: string;
  readonly actions: readonly ViewCommand[];
}

/** One run with all that is known of it. */
export interface RunView {
  readonly summary: RunSummary;
  /** Null for a run that cannot be read. */
  readonly config: ResolvedRunConfig | null;
  readonly dataset: RunDataset | null;
  readonly engine: RunEngine | null;
  readonly failure: RunFailure | null;
  /** The evaluation shown; null before the first. */
  readonly evaluation: EvaluationView | null;
  /** Tests beside the training, by ascending step; empty where none was asked for. */
  readonly duringTraining: readonly TrainingTestView[];
  /** Generated sets, newest first. */
  readonly samples: readonly SampleSetView[];
  /** Configuration, log, metrics, weights and whatever else the host can open, in the order shown. */
  readonly files: readonly FileLink[];
  /** Actions that cannot be taken now, each with the reason in words; what is not listed is offered. */
  readonly blocked: Readonly<Partial<Record<RunAction, string>>>;
}

/** Where a run is, and what it takes. Of a run that does not train now: as it was last, or null. */
export interface RunLive {
  readonly run: string;
  /** What it is doing, in words: `Preparing the dataset`; empty when there is nothing to say. */
  readonly message: string;
  /** Steps done; `RunSummary.steps` says of how many. */
  readonly step: number;
  readonly loss: number | null;
  /** Device memory in use by the run. */
  readonly memoryBytes: number | null;
  readonly msPerStep: number | null;
  readonly remainingMs: number | null;
  readonly elapsedMs: number | null;
}

export interface EvaluationView {
  /** `evaluations/NNNN.json` without the ending. */
  readonly id: string;
  readonly file: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly result: EvaluationResult;
  /** All evaluations of the run, newest first, for the picker; `createdAt` in ISO 8601. */
  readonly all: readonly { readonly id: string; readonly createdAt: string }[];
}

/** Accuracy of networks generated from a snapshot while the training went on. */
export interface TrainingTestView {
  readonly step: number;
  /** In [0, 1]; null where they could not be tested, with the reason. */
  readonly accuracy: number | null;
  readonly problem: string | null;
}

/** One folder of generated networks. */
export interface SampleSetView {
  readonly folder: string;
  readonly title: string;
  /** Training steps of the weights it was sampled from. */
  readonly step: number;
  /** Sampling time of one network, and the device memory it took at most. */
  readonly msPerNetwork: number | null;
  readonly peakMemoryBytes: number | null;
  readonly networks: readonly {
    readonly file: string;
    readonly accuracy: number | null;
    /** NaN or infinite weights in it. */
    readonly nNotFinite: number;
  }[];
}

interface FileLink {
  readonly path: string;
  readonly title: string;
  readonly kind: 'file' | 'folder';
}

/** A long operation. Progress is shown with its title; `run` ties it to a run. */
export interface JobView {
  readonly id: string;
  readonly title: string;
  readonly run: string | null;
  /** In [0, 1]; null where the end is unknown. */
  readonly fraction: number | null;
  readonly message: string;
  /**
   * How the person can end it. `stop`: a training with a run, whose last step is saved and which can be resumed. `cancel`: what
   * is not written yet is given up. Null: it is ending already.
   */
  readonly end: 'stop' | 'cancel' | null;
}

/**
 * Points of one run's curves: parallel arrays, ascending steps, in the order of metrics.jsonl.
 * `from` is the index of the first point in the whole series: 0 replaces what the page has, its count appends. Anything else
 * means that a message was lost; the page then asks for the series again.
 */
export interface MetricsChunk {
  readonly run: string;
  readonly from: number;
  readonly steps: readonly number[];
  readonly loss: readonly (number | null)[];
  readonly learningRate: readonly (number | null)[];
}

/** Parts of the page, in the order shown. */
export const viewSections = ['training', 'accuracy', 'similarity', 'weights', 'configuration', 'files'] as const;
export type ViewSection = (typeof viewSections)[number];

/** Page → host. Paths and ids are only those the host has posted; the host checks them all the same. */
export type ViewIntent =
  /** Post everything. `selected`: what the page showed before it was reloaded; empty the first time. */
  | { readonly kind: 'ready'; readonly selected: readonly string[] }
  /** Show these runs, the first in full. Answered with `changed.selected` and metrics from index 0 of the new ones. */
  | { readonly kind: 'select'; readonly runs: readonly string[] }
  | { readonly kind: 'selectEvaluation'; readonly run: string; readonly id: string }
  /** The page missed points: answered with `metrics` from index 0. */
  | { readonly kind: 'resendMetrics'; readonly run: string }
  | { readonly kind: 'act'; readonly run: string; readonly action: RunAction }
  | { readonly kind: 'cancel'; readonly job: string }
  /** Opens a file in its editor, or shows a folder in the Explorer. */
  | { readonly kind: 'open'; readonly path: string }
  | ({ readonly kind: 'export' } & ExportedFile)
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'command'; readonly command: ViewCommand };

/** What can be done with one run. The host asks for whatever else it needs, and for consent before `delete`. */
export type RunAction = 'stop' | 'resume' | 'generate' | 'evaluate' | 'delete';

/** Commands without a run. */
export type ViewCommand = 'tryDemo' | 'registerFolder' | 'train' | 'checkSetUp' | 'showLog' | 'retry' | 'openInEditor';

/** A finished document of the page: the host asks where to save it, and writes it as it is. */
export interface ExportedFile {
  readonly suggestedName: string;
  readonly format: 'csv' | 'json' | 'svg' | 'xlsx';
  /** xlsx is base64 of the bytes, all others are text to be written as UTF-8. */
  readonly encoding: 'utf8' | 'base64';
  readonly content: string;
}
