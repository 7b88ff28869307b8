// What a checkpoint is made of, whatever the file format: an ordered list of named tensors whose bytes are read on demand.

/** Element types of the formats; little-endian on disk. */
export const dtypeBytes = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint64: 8,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
  complex32: 4,
  complex64: 8,
  complex128: 16,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
} as const;

export type DType = keyof typeof dtypeBytes;

/** Types whose values are weights: what statistics, tokens and `--dtype` apply to. */
export const floatDtypes: ReadonlySet<DType> = new Set(['float64', 'float32', 'float16', 'bfloat16']);

/** A tensor of an open file. */
export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements; row-major contiguous unless the file says otherwise (torch only). */
  readonly strides: readonly number[];
  /** Tensors with the same storage share memory in PyTorch and stay shared on a torch round trip. */
  readonly storage: TensorStorage;
  /** First element inside the storage. */
  readonly offset: number;
  readonly isParameter: boolean;
  readonly requiresGrad: boolean;
}

/** A run of bytes, read by position; nothing is read before it is asked for. */
export interface TensorStorage {
  readonly sizeBytes: number;
  /** Errors: out of bounds, truncated file. */
  read(from: number, length: number): Uint8Array;
}

/** One state dict of a checkpoint: `model` of `{"model": …, "optimizer": …}`, or '' when the file is one itself. */
export interface TensorDictionary {
  readonly key: string;
  readonly tensors: readonly Tensor[];
  /** The state dict's `_metadata`, kept for writing (torch only). */
  readonly metadata: unknown;
}
