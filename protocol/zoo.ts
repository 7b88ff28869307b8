// What `rpg zoo` is asked and what it answers. Plain JSON.
import type { Summary } from './evaluation';

export interface PrepareZooParams {
  /** Name of a recipe: `fashion-cnnsmall`. */
  readonly recipe: string;
  /** Folder to make: NAME with checkpoint/, generated/ and test.py inside. */
  readonly out: string;
  /** Independent training runs. */
  readonly runs: number;
  /** Checkpoints of each run. */
  readonly perRun: number;
  /** Of the first run; the others follow by one. */
  readonly seed: number;
  /** A folder with the dataset's full idx files; null: the packaged part. */
  readonly data: string | null;
  /** Epochs until convergence; null: the recipe's own. */
  readonly epochs: number | null;
}

/** Everything `zoo` can assume when a person says nothing. */
export const prepareZooDefaults = {
  runs: 1,
  perRun: 50,
  seed: 20,
  data: null,
  epochs: null,
} as const satisfies Partial<PrepareZooParams>;

export interface PrepareZooResult {
  readonly folder: string;
  /** Paths of the checkpoints, in the order they were saved. */
  readonly checkpoints: readonly string[];
  /** Test accuracy of the checkpoints, 0 … 1. */
  readonly accuracy: Summary;
  /** Command line that tests a checkpoint in PyTorch. */
  readonly testCommand: string;
  readonly elapsedMs: number;
}
