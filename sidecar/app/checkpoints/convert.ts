// One checkpoint in, one out, in the format the output's name says. Shared storages stay shared where the format can.
import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { ConvertParams, ConvertResult } from '../../../protocol/checkpoints';
import { formatForWriting, openCheckpoint, selectDictionary } from '../../checkpoint/registry';
import {
  dtypeBytes,
  isWeightDType,
  tensorBytes,
  type Tensor,
  type TensorDictionary,
  type TensorStorage,
  type WeightDType,
} from '../../checkpoint/tensor';
import { decodeFloat32, encodeFloat32 } from '../../checkpoint/tensorData';
import { fileExists } from '../../runs/durableFile';
import type { OperationContext } from '../context';

/** *Errors* those of opening and writing; `file-exists`. *Memory* one chunk of one tensor. */
export async function convert(params: ConvertParams, context: OperationContext): Promise<ConvertResult> {
  const format = formatForWriting(params.output);
  if (existsSync(params.output) && !params.overwrite) throw fileExists(path.resolve(params.output));
  const checkpoint = openCheckpoint(params.input);
  try {
    const chosen = selectDictionary(checkpoint, params.key);
    const renamed = params.stripPrefix ? stripPrefix(chosen, params.stripPrefix) : chosen;
    const tensors = params.dtype ? castTensors(renamed.tensors, params.dtype) : renamed.tensors;
    const dictionary = { ...renamed, nesting: [], tensors }; // what was around it stays behind: the output is the state dict
    const totalBytes = dictionary.tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
    let doneBytes = 0;
    const onBytes = (bytes: number): void => {
      doneBytes += bytes;
      context.report({ fraction: Math.min(1, doneBytes / Math.max(1, totalBytes)), message: params.output });
    };
    await format.write(
      params.output,
      { dictionary, attributes: checkpoint.attributes },
      { onBytes, signal: context.signal, replace: params.overwrite },
    );
    const others = checkpoint.dictionaries.filter(other => other.key !== chosen.key).map(other => `'${other.key}'`);
    const notes =
      others.length > 0
        ? [
            `left out ${others.length} other tensor dictionaries: ${others.slice(0, 4).join(', ')} (which one is written can be chosen by its key)`,
          ]
        : [];
    return { path: params.output, nTensors: dictionary.tensors.length, sizeBytes: sizeOf(params.output), notes };
  } finally {
    checkpoint.dispose();
  }
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

function stripPrefix(dictionary: TensorDictionary, prefix: string): TensorDictionary {
  const tensors = dictionary.tensors.map(tensor =>
    tensor.name.startsWith(prefix) ? { ...tensor, name: tensor.name.slice(prefix.length) } : tensor,
  );
  return { ...dictionary, tensors };
}

/**
 * Weights in another type; other tensors as they are. A storage is converted as a whole and lazily, so views of it keep their
 * offsets and strides and still share it.
 */
function castTensors(tensors: readonly Tensor[], dtype: WeightDType): Tensor[] {
  const converted = new Map<TensorStorage, TensorStorage>();
  return tensors.map(tensor => {
    if (!isWeightDType(tensor.dtype) || tensor.dtype === dtype) return tensor;
    let storage = converted.get(tensor.storage);
    if (!storage) converted.set(tensor.storage, (storage = castStorage(tensor.storage, tensor.dtype, dtype)));
    return { ...tensor, dtype, storage };
  });
}

/** Float64 passes through float32: the target types are no wider, so nothing but a double rounding is lost. */
function castStorage(source: TensorStorage, from: WeightDType, to: WeightDType): TensorStorage {
  const fromBytes = dtypeBytes[from];
  const toBytes = dtypeBytes[to];
  return {
    sizeBytes: Math.floor(source.sizeBytes / fromBytes) * toBytes,
    read: (at, length) => {
      const first = Math.floor(at / toBytes);
      const last = Math.ceil((at + length) / toBytes);
      const bytes = encodeFloat32(decodeFloat32(source.read(first * fromBytes, (last - first) * fromBytes), from), to);
      return bytes.subarray(at - first * toBytes, at - first * toBytes + length);
    },
  };
}
