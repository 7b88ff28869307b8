// A model's numbers in files: a snapshot's safetensors, and `.pth` under the published names, where the denoiser's entries
// appear three times and share their storage.
import * as path from 'node:path';
import { openCheckpoint, selectDictionary } from '../../checkpoint/registry';
import { safetensors } from '../../checkpoint/safetensors';
import { isWeightDType, tensorFromBytes, type Tensor } from '../../checkpoint/tensor';
import { readFloat32, readTensorBytes } from '../../checkpoint/tensorData';
import { torchZip } from '../../checkpoint/torchZip';
import { bareName } from '../../datasets/measureDataset';
import type { Model, NamedArrays } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { fromPublished, publishedEntries } from '../../model/publishedWeights';
import { runFormatVersion, type RandomState } from '../../../protocol/runRecords';
import { writeDurably } from '../../runs/durableFile';
import type { Snapshot, SnapshotPart } from '../../runs/snapshots';
import { userError } from '../../util/rpgError';

export const weightsName = 'weights.safetensors';
const optimizerName = 'optimizer.safetensors';

/** Everything a snapshot holds, read from the model. *Errors* `weights-not-finite`: such a snapshot would be worth nothing. */
export async function snapshotParts(model: Model, random: RandomState): Promise<SnapshotPart[]> {
  const weights = await model.readWeights();
  const broken = firstNotFinite(weights);
  if (broken !== null) throw weightsNotFinite(broken, random.step);
  return [
    { name: weightsName, write: file => writeArrays(file, weights) },
    { name: optimizerName, write: async file => writeArrays(file, await model.readOptimizerState()) },
    { name: 'rng.json', write: file => writeDurably(file, `${JSON.stringify(random)}\n`) },
  ];
}

/** Gives an open model a snapshot's weights and optimizer state, exact to the bit. */
export async function restoreSnapshot(model: Model, { folder }: Snapshot): Promise<void> {
  await model.writeWeights(readArrays(path.join(folder, weightsName)));
  await model.writeOptimizerState(readArrays(path.join(folder, optimizerName)));
}

export function readSnapshotWeights({ folder }: Snapshot): NamedArrays {
  return readArrays(path.join(folder, weightsName));
}

/** Writes weights as published files have them. *Errors* `file-system`. */
export async function writePublishedWeights(file: string, spec: ModelSpec, weights: NamedArrays): Promise<void> {
  const stored = new Map<string, Tensor>(); // inventory name → the tensor whose storage is shared
  const tensors = publishedEntries(spec).map(({ name, shape, dtype, source }): Tensor => {
    if (source.kind === 'schedule') return tensorFromBytes(name, 'float32', shape, bytesOf(source.data));
    const values = weights.get(source.name)!.data;
    const first =
      stored.get(source.name) ??
      tensorFromBytes(name, dtype, shape, dtype === 'int64' ? int64Bytes(values) : bytesOf(values));
    stored.set(source.name, first);
    return { ...first, name };
  });
  await torchZip.write!(file, { dictionary: { key: '', tensors, moduleVersions: null }, attributes: new Map() });
}

/** Reads published weights for a model. *Errors* those of opening; `weights-of-another-model`, naming the file. */
export function readPublishedWeights(file: string, spec: ModelSpec): NamedArrays {
  const checkpoint = openCheckpoint(file);
  try {
    const arrays: NamedArrays = new Map();
    for (const tensor of selectDictionary(checkpoint).tensors) {
      const name = bareName(tensor.name); // saved from inside DataParallel, as people do
      if (isWeightDType(tensor.dtype)) arrays.set(name, { shape: tensor.shape, data: readFloat32(tensor).slice() });
      else if (tensor.dtype === 'int64') arrays.set(name, { shape: tensor.shape, data: fromInt64(tensor) });
      else
        throw userError(
          'weights-of-another-model',
          `${file}: ${tensor.name} is ${tensor.dtype}; weights are floating point`,
        );
    }
    return fromPublished(arrays, spec, file);
  } finally {
    checkpoint.dispose();
  }
}

async function writeArrays(file: string, arrays: NamedArrays): Promise<void> {
  const tensors = [...arrays].map(([name, { shape, data }]) => tensorFromBytes(name, 'float32', shape, bytesOf(data)));
  const attributes = new Map([['format_version', String(runFormatVersion)]]);
  await safetensors.write!(file, { dictionary: { key: '', tensors, moduleVersions: null }, attributes });
}

/** The arrays are copies: the file is closed when this returns. */
function readArrays(file: string): NamedArrays {
  const checkpoint = safetensors.open(file);
  try {
    const { tensors } = selectDictionary(checkpoint);
    return new Map(tensors.map(tensor => [tensor.name, { shape: tensor.shape, data: readFloat32(tensor).slice() }]));
  } finally {
    checkpoint.dispose();
  }
}

function firstNotFinite(weights: NamedArrays): string | null {
  for (const [name, { data }] of weights) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return name;
  }
  return null;
}

function weightsNotFinite(name: string, step: number) {
  return userError(
    'weights-not-finite',
    `${name} holds NaN or infinite weights after step ${step}; lower training.learningRate, or add training.warmupSteps`,
    { name, step },
  );
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function int64Bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values, value => BigInt(Math.round(value))).buffer);
}

function fromInt64(tensor: Tensor): Float32Array {
  const bytes = readTensorBytes(tensor).slice();
  return Float32Array.from(new BigInt64Array(bytes.buffer), Number);
}
