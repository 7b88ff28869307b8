// Registered folders of checkpoints: what is remembered of them, and what can be done with them.
import { described, operation, type Progress } from './operation';
import type { Report } from './report';

/** `.rpg/datasets/NAME.json` in the workspace: a registered folder of checkpoints. */
export interface DatasetRecord {
  formatVersion: 1;
  name: string;
  /** Absolute, or relative to the workspace where it lies inside. */
  folder: string;
  /** `python test.py {file}`, run in the dataset's folder; {file} is the checkpoint, {predictions} an optional output. Null: no test. */
  testCommand: string | null;
  /** Regular expression whose first group is the accuracy in what the test prints; null: the usual ways to print it. */
  accuracyPattern: string | null;
  /** Key of the tensor dictionary inside each file, '' where the file is one. */
  key: string;
  /** ISO 8601. */
  registeredAt: string;
  /** Of names and contents when registered. */
  fingerprint: string;
  nCheckpoints: number;
  nWeights: number;
  checkpointBytes: number;
}

/** A registered dataset as listed: the record and what is known of it now. */
export interface DatasetSummary extends DatasetRecord {
  /** Absolute path of the checkpoints. */
  path: string;
  /** `missing`: the folder is gone or unreadable. */
  state: 'ready' | 'missing';
}

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
export const register = described(operation<RegisterParams, RegisterResult, Progress>('register'), {
  activity: 'Measuring',
  params: {
    folder: { kind: 'text', at: 'argument', help: 'a folder of checkpoints, or one with checkpoint/ inside' },
    name: { kind: 'text', help: "name of the dataset (default: the folder's)" },
    testCommand: {
      kind: 'text',
      name: 'test',
      placeholder: 'command',
      help: 'how a checkpoint is tested, such as "python test.py {file}"',
    },
    accuracyPattern: {
      kind: 'text',
      placeholder: 'regexp',
      help: 'its first group is the accuracy in the test’s output',
    },
    key: { kind: 'text', help: 'which tensor dictionary of nested checkpoints' },
    replace: { kind: 'flag', help: 'replace a dataset of the same name' },
  },
  cli: { name: 'register', description: 'measure a folder of checkpoints and remember it under a name' },
  editor: {
    command: 'rpg.registerFolder',
    title: 'Register Checkpoint Folder',
    icon: '$(add)',
    enablement: 'workspaceFolderCount > 0',
    menus: [
      { menu: 'view/title', when: 'view == rpg.datasets', group: 'navigation@1' },
      {
        menu: 'explorer/context',
        when: 'explorerResourceIsFolder && !explorerResourceIsRoot',
        group: '4_rpg@1',
      },
    ],
  },
});

/** Registered datasets, by name. */
export const datasets = described(operation<Record<string, never>, DatasetSummary[]>('datasets'), {
  activity: 'Listing',
  cli: { name: 'datasets', description: 'list the registered datasets' },
  report: datasetsReport,
});

function datasetsReport(list: readonly DatasetSummary[]): Report {
  const columns = [
    { title: 'dataset' },
    { title: 'checkpoints', format: 'count' },
    { title: 'weights', format: 'count' },
    { title: 'size', format: 'bytes' },
    { title: 'state' },
    { title: 'folder' },
  ] as const;
  const rows = list.map(({ name, nCheckpoints, nWeights, checkpointBytes, state, folder }) => [
    name,
    nCheckpoints,
    nWeights,
    checkpointBytes,
    state,
    folder,
  ]);
  return { title: 'Datasets', tables: [{ columns, rows }], whenEmpty: 'No dataset is registered here.' };
}

/** Forgets a dataset; its checkpoints stay where they are. Resolves to the record, so that it can be undone. */
export const unregister = described(operation<{ name: string }, DatasetRecord>('unregister'), {
  activity: 'Unregistering',
  params: { name: { kind: 'text', at: 'argument' } },
  cli: { name: 'unregister', description: 'forget a dataset; its checkpoints stay where they are' },
  editor: {
    command: 'rpg.unregister',
    title: 'Unregister Dataset',
    icon: '$(close)',
    enablement: 'rpg.hasDatasets',
    menus: [{ menu: 'view/item/context', when: 'view == rpg.datasets && viewItem =~ /^dataset/', group: '3_remove' }],
  },
});

/** Gives a dataset another name. Runs keep the name they began with. */
export const renameDataset = described(operation<{ name: string; newName: string }, DatasetRecord>('renameDataset'), {
  activity: 'Renaming',
  editor: {
    command: 'rpg.renameDataset',
    title: 'Rename Dataset',
    icon: '$(edit)',
    enablement: 'rpg.hasDatasets',
    menus: [{ menu: 'view/item/context', when: 'view == rpg.datasets && viewItem =~ /^dataset/', group: '2_change@2' }],
  },
});

/** Takes back an `unregister`. */
export const restoreDataset = described(operation<{ record: DatasetRecord }, DatasetRecord>('restoreDataset'), {
  activity: 'Restoring',
  editor: { command: 'rpg.undoUnregister', title: 'Undo Unregister', isHidden: true },
});
