// What `rpg zoo` is asked and what it answers. Plain JSON.
import type { Summary } from './evaluation';
import { described, operation, type Progress } from './operation';

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

/** Trains small real networks on packaged real images, as a dataset folder. */
export const prepareZoo = described(operation<PrepareZooParams, PrepareZooResult, Progress>('prepareZoo'), {
  activity: 'Training',
  params: {
    recipe: { kind: 'text', at: 'argument' },
    out: {
      kind: 'text',
      placeholder: 'folder',
      help: 'folder to make, with checkpoint/, generated/ and test.py',
      isRequired: true,
    },
    runs: { kind: 'whole', placeholder: 'n', help: 'independent trainings', default: prepareZooDefaults.runs },
    perRun: {
      kind: 'whole',
      placeholder: 'n',
      help: 'checkpoints of each, spread over one more epoch',
      default: prepareZooDefaults.perRun,
    },
    seed: {
      kind: 'whole',
      placeholder: 'n',
      help: 'of the first training; the others follow by one',
      default: prepareZooDefaults.seed,
    },
    data: {
      kind: 'text',
      placeholder: 'folder',
      help: 'full image files (train-images-idx3-ubyte.gz, …) instead of the packaged part',
      default: prepareZooDefaults.data,
    },
    epochs: {
      kind: 'whole',
      placeholder: 'n',
      help: 'epochs until convergence',
      default: prepareZooDefaults.epochs,
    },
  },
  cli: { name: 'zoo', description: 'train a zoo of small real networks on real images, without Python' },
});

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
export const createZoo = described(
  operation<PrepareZooParams, PrepareZooResult & { dataset: string }, Progress>('createZoo'),
  {
    activity: 'Training',
    editor: {
      command: 'rpg.createDemoZoo',
      title: 'Create Demo Zoo',
      icon: '$(database)',
      enablement: 'workspaceFolderCount > 0',
      menus: [{ menu: 'view/title', when: 'view == rpg.datasets', group: '1_make' }],
    },
  },
);

export interface DemoZooResult {
  folder: string;
  dataset: string;
}

/** Copies the packaged zoo into the workspace and registers it; trains one where none is packaged. */
export const prepareDemo = described(operation<{ folder: string }, DemoZooResult, Progress>('prepareDemo'), {
  activity: 'Preparing',
  editor: {
    command: 'rpg.tryDemo',
    title: 'Try the Demo',
    icon: '$(rocket)',
    enablement: 'workspaceFolderCount > 0',
  },
});
