// What is written to disk and shown: plain JSON, with units in the names. Readers accept older versions and say so of newer ones.

/** How far a long operation has come. `fraction` in [0, 1], or null where the end is unknown. */
export interface Progress {
  fraction: number | null;
  message: string;
}

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

/** Five-number summary and histogram of a tensor's finite values. */
export interface TensorSummary {
  mean: number;
  std: number;
  min: number;
  max: number;
  nNaN: number;
  nInfinite: number;
  nZero: number;
  /** Counts of equal bins between min and max. */
  histogram: number[];
}

export interface TensorRecord {
  name: string;
  dtype: string;
  shape: number[];
  sizeBytes: number;
  /** Tensors with the same number share memory. Null where a tensor has its storage to itself. */
  sharedStorage: number | null;
  /** Null for types that are not weights, and where statistics were not asked for. */
  summary: TensorSummary | null;
}

/** One tensor dictionary of a file. */
export interface DictionaryRecord {
  key: string;
  nTensors: number;
  nElements: number;
  sizeBytes: number;
}

/** One file, inspected. */
export interface CheckpointReport {
  kind: 'checkpoint';
  path: string;
  format: string;
  sizeBytes: number;
  dictionaries: DictionaryRecord[];
  /** The dictionary shown. */
  key: string;
  tensors: TensorRecord[];
  attributes: Record<string, string>;
  notes: string[];
  problems: string[];
}

/** Tokens for one `dimPerToken`. */
export interface TokenCount {
  dimPerToken: number;
  nTokens: number;
  /** Padding over all entries, in [0, 1]. */
  paddingShare: number;
  isSuggested: boolean;
}

/** One parameter of a folder's common structure. */
export interface ParameterRecord {
  name: string;
  shape: number[];
  dtype: string;
  kind: 'weight' | 'variance' | 'fixed';
  mean: number;
  std: number;
}

/** A folder, inspected. */
export interface FolderReport {
  kind: 'folder';
  path: string;
  nCheckpoints: number;
  nSkipped: number;
  /** Generated weights per checkpoint. */
  nWeights: number;
  nFixed: number;
  key: string;
  fingerprint: string;
  parameters: ParameterRecord[];
  tokens: TokenCount[];
  /** From the file names, where they carry `_acc0.8793_`. */
  accuracy: { best: number; mean: number; min: number } | null;
  problems: string[];
}

/** How far two checkpoints are apart. */
export interface TensorDifference {
  name: string;
  status: 'equal' | 'changed' | 'only-in-a' | 'only-in-b' | 'shape-differs' | 'not-comparable';
  shapeA: number[] | null;
  shapeB: number[] | null;
  /** ‖a − b‖₂; null where not comparable. */
  distance: number | null;
  /** ‖a − b‖₂ / ‖a‖₂. */
  relativeDistance: number | null;
  cosine: number | null;
  largestChange: { index: number[]; a: number; b: number } | null;
}

export interface DifferenceReport {
  a: string;
  b: string;
  tensors: TensorDifference[];
  /** Over all comparable tensors. */
  distance: number;
  cosine: number | null;
  isEqual: boolean;
}
