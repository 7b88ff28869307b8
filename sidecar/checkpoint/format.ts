// The contract of a checkpoint format. A format turns bytes into named tensors and back; it knows nothing of statistics,
// tokens, runs or what the tensors mean. Adding one: a file that exports a CheckpointFormat, and a line in registry.ts.
import type { TensorDictionary } from './tensor';

export type FormatId = 'torch-zip' | 'torch-stream' | 'safetensors' | 'peft';

/** An open checkpoint; holds its file open until `dispose`. */
export interface OpenCheckpoint {
  readonly path: string;
  readonly format: FormatId;
  readonly sizeBytes: number;
  /** At least one; the one that most likely is the network first. */
  readonly dictionaries: readonly TensorDictionary[];
  /** Text kept beside the tensors: safetensors' `__metadata__`, PEFT's adapter_config.json. */
  readonly attributes: ReadonlyMap<string, string>;
  /** What a person should know, such as entries that are not tensors. */
  readonly notes: readonly string[];
  dispose(): void;
}

/** What is written: one dictionary and its text. */
export interface CheckpointContent {
  readonly dictionary: TensorDictionary;
  readonly attributes: ReadonlyMap<string, string>;
}

export interface WriteOptions {
  /** Called with every chunk written. */
  onBytes?: (bytes: number) => void;
  signal?: AbortSignal;
  /** Whether an adapter folder may take the place of one that is there; a file always does. */
  replace?: boolean;
}

export interface CheckpointFormat {
  readonly id: FormatId;
  /** One line for lists and help. */
  readonly title: string;
  /** File name endings, with the dot; empty for folders. */
  readonly extensions: readonly string[];
  /** Ending of networks generated from checkpoints of this format; empty for folders. */
  readonly generatedExtension: string;
  /** Decides by content: the first bytes of a file, or null for a folder. */
  readonly matches: (path: string, head: Uint8Array | null) => boolean;
  /** *Errors* `damaged-file`, `not-a-checkpoint`, `unsupported-content`, `forbidden-global`, `over-limit`, `file-system`. */
  readonly open: (path: string) => OpenCheckpoint;
  /** Written beside the final name and renamed when whole. Absent where the format is only read. */
  readonly write?: (path: string, content: CheckpointContent, options?: WriteOptions) => Promise<void>;
}
