// Values of a tensor: its bytes in row-major order, and float32 ↔ the four weight types. Large tensors are read in chunks.
import { internalError } from '../util/rpgError';
import { overLimit } from './errors';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16';
import { dtypeBytes, isContiguous, isWeightDType, type DType, type Tensor, type WeightDType } from './tensor';
import { elementCount } from '../util/namedArrays';

/** A single tensor larger than this is not turned into an array; stride-0 views of one element can claim any size. */
const maxTensorBytes = 16 * 2 ** 30;

const chunkBytes = 16 * 2 ** 20;

/** How a tensor is read. */
export interface ReadOptions {
  /** Refuse larger tensors. */
  limitBytes?: number;
  /** Memory to read into, valid until the next read into it. */
  scratch?: Buffer;
}

/** All bytes of a tensor in row-major order. *Errors* `over-limit`, `damaged-file`. */
export function readTensorBytes(tensor: Tensor, options: ReadOptions = {}): Uint8Array {
  const limitBytes = options.limitBytes ?? maxTensorBytes;
  const itemBytes = dtypeBytes[tensor.dtype];
  const count = elementCount(tensor.shape);
  if (count * itemBytes > limitBytes) throw overLimit(tensor.name, 'tensor', count * itemBytes, limitBytes, 'bytes');
  if (count === 0) return new Uint8Array();
  if (isContiguous(tensor.shape, tensor.strides))
    return tensor.storage.read(tensor.offset * itemBytes, count * itemBytes, options.scratch);
  return gatherStrided(tensor, count, itemBytes);
}

/** A tensor's bytes piece by piece, each a whole number of elements. *Memory* one chunk, or the tensor if it is strided. */
export function* tensorChunks(tensor: Tensor): Generator<Uint8Array> {
  const itemBytes = dtypeBytes[tensor.dtype];
  const sizeBytes = elementCount(tensor.shape) * itemBytes;
  if (sizeBytes === 0) return;
  if (!isContiguous(tensor.shape, tensor.strides)) {
    yield readTensorBytes(tensor);
    return;
  }
  const start = tensor.offset * itemBytes;
  for (let at = 0; at < sizeBytes; at += chunkBytes) {
    yield tensor.storage.read(start + at, Math.min(chunkBytes, sizeBytes - at));
  }
}

/** A tensor of a weight type as float32. May alias the bytes just read. *Errors* those of `readTensorBytes`. */
export function readFloat32(tensor: Tensor, options: ReadOptions = {}): Float32Array {
  return decodeFloat32(readTensorBytes(tensor, options), weightDType(tensor));
}

/** Little-endian bytes of a weight type as float32; float64 is rounded. */
export function decodeFloat32(bytes: Uint8Array, dtype: WeightDType): Float32Array {
  const count = bytes.length / dtypeBytes[dtype];
  const aligned = bytes.byteOffset % dtypeBytes[dtype] === 0 ? bytes : bytes.slice();
  if (dtype === 'float32') return new Float32Array(aligned.buffer, aligned.byteOffset, count);
  if (dtype === 'float64') return Float32Array.from(new Float64Array(aligned.buffer, aligned.byteOffset, count));
  const out = new Float32Array(count);
  const bits = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  if (dtype === 'float16') decodeFloat16(bits, out);
  else decodeBfloat16(bits, out);
  return out;
}

/** float32 values as little-endian bytes of a weight type, rounded to nearest even. */
export function encodeFloat32(values: Float32Array, dtype: WeightDType): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (dtype === 'float64') return new Uint8Array(Float64Array.from(values).buffer);
  const bits = new Uint16Array(values.length);
  if (dtype === 'float16') encodeFloat16(values, bits);
  else encodeBfloat16(values, bits);
  return new Uint8Array(bits.buffer);
}

function weightDType(tensor: { name: string; dtype: DType }): WeightDType {
  if (!isWeightDType(tensor.dtype))
    throw internalError('not-a-weight', `${tensor.name} is ${tensor.dtype}, not a weight type`);
  return tensor.dtype;
}

function gatherStrided(tensor: Tensor, count: number, itemBytes: number): Uint8Array {
  const { shape, strides } = tensor;
  const span = shape.reduce((last, length, axis) => last + (length - 1) * strides[axis]!, 1);
  const source = tensor.storage.read(tensor.offset * itemBytes, span * itemBytes);
  const out = new Uint8Array(count * itemBytes);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < itemBytes; byte++) out[to * itemBytes + byte] = source[from * itemBytes + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
