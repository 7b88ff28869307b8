// What the read-only checkpoint page is told and what it asks for. As in view.ts the host keeps the truth: it answers `ready`
// with a whole state and posts a whole state again whenever something changed. Nothing in a checkpoint is ever executed.
import type { CheckpointReport } from './checkpoints';
import type { ExportedFile, ViewProblem } from './view';

/** Host → page. */
export type CheckpointMessage =
  | { readonly kind: 'state'; readonly state: CheckpointState }
  /** While reading; `fraction` in [0, 1], or null where the end is unknown. */
  | { readonly kind: 'progress'; readonly fraction: number | null; readonly message: string };

export type CheckpointState =
  | { readonly kind: 'loading'; readonly path: string }
  | { readonly kind: 'failed'; readonly path: string; readonly problem: ViewProblem }
  | {
      readonly kind: 'ready';
      /** `tensors[].summary` is null before the statistics were read. */
      readonly report: CheckpointReport;
      /** `no`: the file is large, they wait for `readStatistics`. `reading`: on their way. */
      readonly statistics: 'no' | 'reading' | 'yes';
    };

/** Page → host. */
export type CheckpointIntent =
  | { readonly kind: 'ready' }
  /** Inspect another dictionary of the same file; answered with a whole state. */
  | { readonly kind: 'selectDictionary'; readonly key: string }
  | { readonly kind: 'readStatistics' }
  | { readonly kind: 'cancel' }
  /** Ask for a second checkpoint and show the differences. */
  | { readonly kind: 'compare' }
  | ({ readonly kind: 'export' } & ExportedFile)
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'command'; readonly command: 'showLog' | 'retry' };
