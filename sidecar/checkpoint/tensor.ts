// What a checkpoint is made of, whatever the file format: an ordered list of named tensors whose bytes are read on demand.
import { elementCount } from '../util/namedArrays';

/** Bytes per element; all types are little-endian on disk. */
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
const weightDtypes = ['float64', 'float32', 'float16', 'bfloat16'] as const satisfies readonly DType[];
export type WeightDType = (typeof weightDtypes)[number];

export function isWeightDType(dtype: DType): dtype is WeightDType {
  return (weightDtypes as readonly DType[]).includes(dtype);
}

/** A run of bytes, read by position; nothing is read before it is asked for. */
export interface TensorStorage {
  readonly sizeBytes: number;
  /** May use `scratch` for the result where it is large enough. *Errors* `damaged-file` where the range or the file ends too early. */
  readonly read: (from: number, length: number, scratch?: Buffer) => Uint8Array;
}

/** A tensor of an open file. */
export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** In elements. Row-major contiguous unless the file says otherwise (torch only). */
  readonly strides: readonly number[];
  /** First element inside the storage. */
  readonly offset: number;
  /** Tensors with the same storage object share memory in PyTorch, and stay shared on a torch round trip. */
  readonly storage: TensorStorage;
  /** A torch.nn.Parameter rather than a plain tensor. */
  readonly isParameter: boolean;
  readonly requiresGrad: boolean;
}

/** One state dict of a checkpoint: `model` of `{"model": …, "optimizer": …}`, or '' when the file is one itself. */
export interface TensorDictionary {
  readonly key: string;
  /**
   * Names of the dictionaries around it, from the outside in: a torch file is written with them. Absent where there are none,
   * and where it lies in a list, which a file of one network has no use for.
   */
  readonly nesting?: readonly string[];
  readonly tensors: readonly Tensor[];
  /** The state dict's `_metadata` (module → its versions), kept for writing; null where there is none. */
  readonly moduleVersions: ModuleVersions | null;
}

/** Module name → `{"version": 2, …}`; torch writes it beside a state dict and `load_state_dict` reads it. */
export type ModuleVersions = ReadonlyMap<string, ReadonlyMap<string, number | boolean>>;

export function tensorBytes(tensor: Pick<Tensor, 'dtype' | 'shape'>): number {
  return elementCount(tensor.shape) * dtypeBytes[tensor.dtype];
}

/** Strides of a row-major tensor, as torch gives them (an empty axis counts as 1). */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(1, shape[axis]!);
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps; the stride of an axis of length 1 does not matter. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** A new tensor over bytes in memory, row-major. */
export function tensorFromBytes(name: string, dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const storage: TensorStorage = {
    sizeBytes: bytes.length,
    read: (from, length) => bytes.subarray(from, from + length),
  };
  return {
    name,
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
    storage,
    isParameter: false,
    requiresGrad: false,
  };
}

/** `[8, 1, 5, 5]`, and `[]` for a scalar. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
