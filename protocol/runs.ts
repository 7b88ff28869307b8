// Runs as lists and views show them, and what can be done with one beside training it: stop, export, put aside.
import type { EvaluationRecord } from './evaluation';
import { described, operation } from './operation';
import type { Report } from './report';
import type { ResolvedRunConfig } from './runConfig';
import type { RunDataset, RunEngine, RunFailure, RunSummary } from './runRecords';
import { runArgument, runRow } from './runWords';

export interface StopResult {
  run: string;
  pid: number;
  /** False: it was asked, and had not ended when the waiting did. */
  isStopped: boolean;
}

/** Asks a run's trainer, in whatever process, to save a snapshot and end. */
export const stopRun = described(operation<{ run: string; waitMs?: number }, StopResult>('stopRun'), {
  activity: 'Stopping',
  params: { run: runArgument },
  cli: { name: 'stop', description: 'ask the process that trains a run to save a snapshot and end' },
  editor: {
    command: 'rpg.stop',
    title: 'Stop',
    icon: '$(debug-stop)',
    enablement: 'rpg.hasRunning',
    menus: [
      { menu: 'view/item/context', when: runRow('running'), group: 'inline@1' },
      { menu: 'view/item/context', when: 'view == rpg.runs && viewItem == preparing', group: 'inline@1' },
      { menu: 'view/item/context', when: `${runRow('running')} && !listMultiSelection`, group: '2_run@1' },
    ],
  },
});

/** All runs of the workspace, oldest first. */
export const listRuns = described(operation<Record<string, never>, RunSummary[]>('listRuns'), {
  activity: 'Listing',
  cli: { name: 'runs', description: 'list the runs of this workspace, newest last' },
  report: runsReport,
});

function runsReport(runs: readonly RunSummary[]): Report {
  const columns = [
    { title: 'run' },
    { title: 'state' },
    { title: 'step', format: 'plain' },
    { title: 'of', format: 'plain' },
    { title: 'loss', format: 'number' },
    { title: 'dataset' },
    { title: 'device' },
    { title: '' },
  ] as const;
  const rows = runs.map(run => [
    run.id,
    run.pid === null ? run.status : `${run.status} (${run.pid})`,
    run.step,
    run.steps,
    run.loss,
    run.dataset,
    run.engine === '' ? '' : `${run.engine}/${run.device}`,
    (run.problem ?? '').split('\n')[0]!.slice(0, 80),
  ]);
  return { title: 'Runs', tables: [{ columns, rows }], whenEmpty: 'No runs here yet.' };
}

export interface ExportWeightsParams {
  run: string;
  out: string;
  snapshot?: number;
  overwrite?: boolean;
}

/** Writes a snapshot's weights under the published names. */
export const exportWeights = described(
  operation<ExportWeightsParams, { file: string; step: number; sizeBytes: number }>('exportWeights'),
  {
    activity: 'Exporting',
    params: {
      run: runArgument,
      out: { kind: 'text', at: 'argument', help: 'a .pth file' },
      snapshot: { kind: 'whole', placeholder: 'step', help: 'which snapshot (default: the newest good one)' },
      overwrite: { kind: 'flag', name: 'force', help: 'replace the file if it exists' },
    },
    cli: { name: 'export', description: "write a run's weights under the published names" },
    editor: {
      command: 'rpg.exportRun',
      title: 'Export',
      icon: '$(export)',
      enablement: 'rpg.hasRuns',
      menus: [
        { menu: 'view/item/context', when: `${runRow('(?!unreadable)')} && !listMultiSelection`, group: '4_out' },
      ],
    },
  },
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

/** A place in a run's curve, up to which its reader has read. */
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

/** The points of a run's curve from a place on, once. */
export const metricsTail = operation<MetricsTailParams, MetricsTail>('metricsTail');

export interface FollowRunsParams {
  /** The curves to follow, each from its place on; one run may be in several, at several places. */
  curves: readonly MetricsTailParams[];
}

/** What became of the runs of a workspace, whoever trains them. */
export type RunsEvent =
  /** All there are, oldest first: once, at the beginning. */
  | { kind: 'listed'; runs: RunSummary[] }
  /** A run that is new or has changed. */
  | { kind: 'summary'; run: RunSummary }
  | { kind: 'removed'; run: string }
  /** Points of a curve, which is named by its index in `curves`. The first of each come before `listed`, also when there are none. */
  | { kind: 'points'; curve: number; tail: MetricsTail };

/**
 * Tells of every run of the workspace until it is cancelled: the one way by which step and loss of a training reach an editor.
 * Who asks again names the places it has reached, and misses nothing.
 */
export const followRuns = operation<FollowRunsParams, null, RunsEvent>('followRuns');

/** Puts a run that is not trained into `.rpg/trash`, from which `restoreRun` takes it back for seven days. */
export const removeRun = described(operation<{ run: string }, { run: string; trash: string }>('removeRun'), {
  activity: 'Removing',
  editor: {
    command: 'rpg.removeRun',
    title: 'Remove Run',
    icon: '$(trash)',
    enablement: 'rpg.hasRuns',
    menus: [{ menu: 'view/item/context', when: `${runRow('(?!running)')} && !listMultiSelection`, group: '5_remove' }],
  },
});

export interface RemovedRun {
  trash: string;
  run: string;
  /** ISO 8601. */
  removedAt: string;
}

/** What `restoreRun` can take back, newest first. */
export const removedRuns = operation<object, RemovedRun[]>('removedRuns');

export const restoreRun = described(operation<{ trash: string }, { run: string }>('restoreRun'), {
  activity: 'Restoring',
  editor: {
    command: 'rpg.undoRemoveRun',
    title: 'Undo Remove Run',
    icon: '$(discard)',
    enablement: 'workspaceFolderCount > 0',
  },
});
