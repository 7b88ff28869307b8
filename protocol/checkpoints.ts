// Checkpoint files and folders of them: what is in them, how far two are apart, and writing one in another format.
import { described, operation, type Progress } from './operation';

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
interface ParameterRecord {
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

const isCheckpointFile = '!explorerResourceIsFolder && resourceExtname =~ {checkpointExtensions}';
const isInCheckpointEditor = 'activeCustomEditorId == rpg.checkpoint';

export interface InspectParams {
  path: string;
  /** Which tensor dictionary; the likeliest network by default. */
  key?: string;
  /** Read every value for statistics; off shows names, types and shapes only. */
  statistics?: boolean;
}

/** What a file or a folder of checkpoints holds. */
export const inspect = described(operation<InspectParams, CheckpointReport | FolderReport, Progress>('inspect'), {
  activity: 'Inspecting',
  params: {
    path: {
      kind: 'text',
      at: 'argument',
      help: 'a .pth, .pt, .bin or .safetensors file, an adapter folder, or a folder of any of these',
    },
    key: { kind: 'text', help: 'which tensor dictionary of a nested checkpoint' },
    statistics: {
      kind: 'unless',
      name: 'no-statistics',
      help: 'names, types and shapes only: instant for files of any size',
    },
  },
  cli: {
    name: 'inspect',
    description: 'show what a checkpoint, or a folder of checkpoints, holds',
    json: { isFirst: true },
  },
  editor: {
    command: 'rpg.inspectCheckpoint',
    title: 'Inspect Checkpoint',
    icon: '$(inspect)',
    menus: [
      {
        menu: 'explorer/context',
        when: 'explorerResourceIsFolder && !explorerResourceIsRoot',
        group: '4_rpg@3',
      },
      { menu: 'explorer/context', when: isCheckpointFile, group: '4_rpg@1' },
    ],
  },
});

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
export const convert = described(operation<ConvertParams, ConvertResult, Progress>('convert'), {
  activity: 'Converting',
  params: {
    input: { kind: 'text', at: 'argument', name: 'in', help: 'checkpoint to read' },
    output: {
      kind: 'text',
      at: 'argument',
      name: 'out',
      help: 'file to write: .pth, .pt, .bin, .safetensors, or an adapter folder',
    },
    dtype: {
      kind: 'choice',
      placeholder: 'type',
      help: 'type of the weights; others stay as they are',
      choices: ['float64', 'float32', 'float16', 'bfloat16'],
    },
    key: { kind: 'text', help: 'which tensor dictionary of a nested checkpoint' },
    stripPrefix: { kind: 'text', placeholder: 'prefix', help: 'take a prefix such as module. off the names' },
    overwrite: { kind: 'flag', name: 'force', help: 'overwrite the output' },
  },
  cli: { name: 'convert', description: 'write a checkpoint in another format (by the output name) or type' },
  editor: {
    command: 'rpg.convertCheckpoint',
    title: 'Convert Checkpoint…',
    icon: '$(arrow-swap)',
    menus: [
      { menu: 'explorer/context', when: isCheckpointFile, group: '4_rpg@3' },
      { menu: 'editor/title', when: isInCheckpointEditor, group: '4_rpg' },
    ],
  },
});

export interface DiffParams {
  a: string;
  b: string;
  key?: string;
}

/** Distance, cosine and largest change of each tensor of two checkpoints. */
export const diff = described(operation<DiffParams, DifferenceReport, Progress>('diff'), {
  activity: 'Comparing',
  params: {
    a: { kind: 'text', at: 'argument' },
    b: { kind: 'text', at: 'argument' },
    key: { kind: 'text', help: 'which tensor dictionary of nested checkpoints' },
  },
  cli: { name: 'diff', description: 'compare two checkpoints tensor by tensor' },
  editor: {
    command: 'rpg.compareCheckpoints',
    title: 'Compare Checkpoints',
    icon: '$(diff)',
    menus: [
      { menu: 'explorer/context', when: isCheckpointFile, group: '4_rpg@2' },
      { menu: 'editor/title', when: isInCheckpointEditor, group: '4_rpg' },
    ],
  },
});

/** The tensor dictionaries of a folder's first checkpoint that may be the network, the likeliest first. */
export const candidateDictionaries = operation<{ folder: string }, DictionaryRecord[]>('candidateDictionaries');
