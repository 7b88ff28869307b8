// Registered folders of checkpoints: what is remembered of them, and what can be done with them.
import { operation, type Progress } from './operation';

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
export const register = operation<RegisterParams, RegisterResult, Progress>('register');

/** Registered datasets, by name. */
export const datasets = operation<Record<string, never>, DatasetSummary[]>('datasets');

/** Forgets a dataset; its checkpoints stay where they are. Resolves to the record, so that it can be undone. */
export const unregister = operation<{ name: string }, DatasetRecord>('unregister');

/** Gives a dataset another name. Runs keep the name they began with. */
export const renameDataset = operation<{ name: string; newName: string }, DatasetRecord>('renameDataset');

/** Takes back an `unregister`. */
export const restoreDataset = operation<{ record: DatasetRecord }, DatasetRecord>('restoreDataset');
