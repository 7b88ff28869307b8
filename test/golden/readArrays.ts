// All tensors of a golden file as float32 by name; integers (rows, diffusion steps) are small enough to be exact.
import { openCheckpoint, selectDictionary } from '../../sidecar/checkpoint/registry';
import { isWeightDType } from '../../sidecar/checkpoint/tensor';
import { readFloat32, readTensorBytes } from '../../sidecar/checkpoint/tensorData';

export type Arrays = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** *Errors* those of the checkpoint readers; an entry that is neither a weight type nor int64. */
export function readArrays(file: string): Arrays {
  const checkpoint = openCheckpoint(file);
  try {
    const arrays: Arrays = new Map();
    for (const tensor of selectDictionary(checkpoint).tensors) {
      const { name, shape, dtype } = tensor;
      if (isWeightDType(dtype)) arrays.set(name, { shape, data: readFloat32(tensor).slice() });
      else if (dtype === 'int64') {
        const bytes = readTensorBytes(tensor).slice();
        arrays.set(name, { shape, data: Float32Array.from(new BigInt64Array(bytes.buffer), Number) });
      } else throw new Error(`${file}: ${name} has type ${dtype}`);
    }
    return arrays;
  } finally {
    checkpoint.dispose();
  }
}
