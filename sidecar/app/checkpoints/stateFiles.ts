// State dicts in memory ↔ checkpoint files, for operations that make or compare whole small networks.
import { statSync } from 'node:fs';
import path from 'node:path';
import { formatForWriting, openCheckpoint, selectDictionary, selectNetwork } from '../../checkpoint/registry';
import { formatShape, isWeightDType, tensorFromBytes, type Tensor } from '../../checkpoint/tensor';
import { encodeFloat32, readFloat32 } from '../../checkpoint/tensorData';
import { tensorsByBareName } from '../../datasets/measureDataset';
import type { WeightSource } from '../../evaluation/weightSource';
import type { ParameterStructure, Structure } from '../../tokenizer/structure';
import { elementCount, type NamedArrays } from '../../util/namedArrays';
import { fileError, userError } from '../../util/rpgError';

/** Writes float32 tensors as a checkpoint in the format of the file's name. *Errors* those of writing a checkpoint. */
export async function writeState(file: string, state: NamedArrays): Promise<void> {
  const tensors = [...state].map(([name, { shape, data }]) =>
    tensorFromBytes(name, 'float32', shape, encodeFloat32(data, 'float32')),
  );
  const dictionary = { key: '', tensors, moduleVersions: null };
  await formatForWriting(file).write(file, { dictionary, attributes: new Map() });
}

/** Networks up to this size are kept in memory after the first read; of larger ones each tensor is read when asked for. */
const keptBytes = 8 * 1024 * 1024;

/**
 * A checkpoint file as a source of the structure's tensors. Integer tensors, which are always fixed, read as zeros: who
 * writes a file takes them from the first checkpoint.
 * *Errors* on reading: those of opening a checkpoint; user: a tensor is missing or has another shape.
 */
export function fileSource(file: string, structure: Structure, key: string | undefined): WeightSource {
  const isSmall = statSync(file).size <= keptBytes;
  const kept = new Map<number, Float32Array>();
  const readOne = (index: number): Float32Array => {
    const checkpoint = openCheckpoint(file);
    try {
      const tensors = tensorsByBareName(selectNetwork(checkpoint, key));
      for (const parameter of structure.parameters) checkTensor(file, parameter, tensors.get(parameter.name));
      const wanted = isSmall ? structure.parameters.keys() : [index];
      for (const each of wanted) {
        const parameter = structure.parameters[each]!;
        const tensor = tensors.get(parameter.name)!; // checkTensor found it
        // A copy: what was read may be a view of the whole file's bytes.
        const values = isWeightDType(tensor.dtype)
          ? readFloat32(tensor).slice()
          : new Float32Array(elementCount(parameter.shape));
        if (!isSmall) return values;
        kept.set(each, values);
      }
      return kept.get(index)!;
    } finally {
      checkpoint.dispose();
    }
  };
  return { name: path.basename(file), read: index => kept.get(index) ?? readOne(index) };
}

/** Throws where a file cannot be evaluated beside the dataset. *Errors* as reading `fileSource`; NaN is not an error. */
export function checkReadable(file: string, structure: Structure, key: string | undefined): void {
  try {
    fileSource(file, structure, key).read(0); // opening compares every shape
  } catch (error) {
    throw fileError(file, 'read', error);
  }
}

/**
 * Writes a source as a checkpoint like `template`: same names, order, types and metadata (without which an adapter is none);
 * fixed tensors are the template's.
 * *Errors* those of reading and writing checkpoints.
 */
export async function writeLike(
  template: string,
  key: string | undefined,
  structure: Structure,
  source: WeightSource,
  file: string,
): Promise<void> {
  const checkpoint = openCheckpoint(template);
  try {
    const dictionary = selectDictionary(checkpoint, key);
    const indices = new Map(structure.parameters.map(({ name }, index) => [name, index]));
    const made = new Map(
      [...tensorsByBareName(dictionary)].flatMap(([bareName, tensor]) => {
        const index = indices.get(bareName);
        if (index === undefined || structure.parameters[index]!.kind === 'fixed' || !isWeightDType(tensor.dtype))
          return [];
        const bytes = encodeFloat32(source.read(index), tensor.dtype);
        return [[tensor.name, tensorFromBytes(tensor.name, tensor.dtype, tensor.shape, bytes)] as const];
      }),
    );
    const tensors = dictionary.tensors.map(tensor => made.get(tensor.name) ?? tensor);
    const content = { dictionary: { ...dictionary, tensors }, attributes: checkpoint.attributes };
    await formatForWriting(file).write(file, content);
  } finally {
    checkpoint.dispose();
  }
}

function checkTensor(file: string, { name, shape }: ParameterStructure, tensor: Tensor | undefined): void {
  if (tensor !== undefined && formatShape(tensor.shape) === formatShape(shape)) return;
  const found = tensor === undefined ? 'missing' : `${formatShape(tensor.shape)}, not ${formatShape(shape)}`;
  throw userError(
    'structure-mismatch',
    `${file}: ${name} is ${found}; evaluate only networks of the dataset's architecture`,
    { file, tensor: name },
  );
}
