// A generated network as a checkpoint like the training ones: the first checkpoint's order, names, types and metadata, its
// own bytes where a tensor is not generated, and shared storage where tensors shared it.
import type { CheckpointContent, OpenCheckpoint } from '../../checkpoint/format';
import { selectDictionary } from '../../checkpoint/registry';
import { isWeightDType, tensorFromBytes, type Tensor } from '../../checkpoint/tensor';
import { encodeFloat32 } from '../../checkpoint/tensorData';
import { bareName } from '../../datasets/measureDataset';
import type { NetworkWeights } from '../../methods/generating';
import type { Structure } from '../../tokenizer/structure';
import { userError } from '../../util/rpgError';

export interface NetworkContent {
  readonly content: CheckpointContent;
  /** NaN or infinite values among the generated ones. */
  readonly nNotFinite: number;
}

/**
 * *Errors* `template-changed`: the first checkpoint is not what the run was trained with. *Memory* one network.
 */
export function networkContent(
  template: OpenCheckpoint,
  key: string,
  structure: Structure,
  generated: NetworkWeights,
): NetworkContent {
  const values = new Map<string, Float32Array>();
  let nNotFinite = 0;
  generated((index, weights) => {
    nNotFinite += countNotFinite(weights);
    values.set(structure.parameters[index]!.name, weights);
  });
  const dictionary = selectDictionary(template, key);
  checkTemplate(template.path, dictionary.tensors, structure);
  const made = new Map<string, Tensor>(); // by place in memory: tensors that were one stay one
  const tensors = dictionary.tensors.map(tensor => {
    const weights = values.get(bareName(tensor.name));
    if (!weights || !isWeightDType(tensor.dtype)) return tensor;
    const { name, dtype, shape, isParameter, requiresGrad } = tensor;
    const place = placeOf(tensor, dictionary.tensors);
    const storage = made.get(place) ?? tensorFromBytes(name, dtype, shape, encodeFloat32(weights, dtype));
    made.set(place, storage);
    return { ...storage, name, isParameter, requiresGrad };
  });
  return { content: { dictionary: { ...dictionary, tensors }, attributes: template.attributes }, nNotFinite };
}

/** Tied weights are the same view of the same storage; other overlaps are written apart. */
function placeOf(tensor: Tensor, all: readonly Tensor[]): string {
  const first = all.findIndex(
    other =>
      other.storage === tensor.storage &&
      other.offset === tensor.offset &&
      other.shape.join() === tensor.shape.join() &&
      other.strides.join() === tensor.strides.join(),
  );
  return String(first);
}

function checkTemplate(path: string, tensors: readonly Tensor[], structure: Structure): void {
  const found = tensors.map(tensor => `${bareName(tensor.name)} [${tensor.shape.join(', ')}]`);
  const expected = structure.parameters.map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
  const at = expected.findIndex((entry, i) => entry !== found[i]);
  if (at < 0 && found.length === expected.length) return;
  throw userError(
    'template-changed',
    `${path} is not the network this run was trained with: expected ${expected[at] ?? 'no further tensor'}, found ${found[at < 0 ? expected.length : at] ?? 'nothing'}; put the original checkpoint back`,
    { path },
  );
}

function countNotFinite(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}
