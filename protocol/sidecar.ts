// Every operation the sidecar offers, by the name it travels under. The command line calls the same functions.
import { operation } from './operation';
import type {
  CheckpointReport,
  DatasetRecord,
  DatasetSummary,
  DifferenceReport,
  FolderReport,
  Progress,
} from './records';

export interface InspectParams {
  path: string;
  /** Which tensor dictionary; the likeliest network by default. */
  key?: string;
  /** Read every value for statistics; off shows names, types and shapes only. */
  statistics?: boolean;
}
/** What a file or a folder of checkpoints holds. */
export const inspect = operation<InspectParams, CheckpointReport | FolderReport, Progress>('inspect');

export interface ConvertParams {
  input: string;
  output: string;
  key?: string;
  /** Element type of weights in the output; as they are by default. */
  dtype?: 'float16' | 'bfloat16' | 'float32' | 'float64';
  stripPrefix?: string;
  overwrite?: boolean;
}
export interface ConvertResult {
  path: string;
  nTensors: number;
  sizeBytes: number;
  notes: string[];
}
/** Writes a checkpoint in the format the output's name says. */
export const convert = operation<ConvertParams, ConvertResult, Progress>('convert');

export interface DiffParams {
  a: string;
  b: string;
  key?: string;
}
/** Distance, cosine and largest change of each tensor of two checkpoints. */
export const diff = operation<DiffParams, DifferenceReport, Progress>('diff');

export interface RegisterParams {
  folder: string;
  /** Made of the folder's name by default. */
  name?: string;
  testCommand?: string;
  key?: string;
  /** Replace a dataset of the same name. */
  replace?: boolean;
}
/** Measures a folder of checkpoints and remembers it in the workspace. */
export const register = operation<RegisterParams, DatasetRecord, Progress>('register');

/** Registered datasets, by name. */
export const datasets = operation<Record<string, never>, DatasetSummary[]>('datasets');

/** Forgets a dataset; its checkpoints stay where they are. Resolves to the record, so that it can be undone. */
export const unregister = operation<{ name: string }, DatasetRecord>('unregister');
