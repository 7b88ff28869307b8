// Seeded initial values of everything in the inventory. The same seed gives the same bits on every engine.
import { internalError } from '../util/rpgError';
import type { ModelSpec } from './modelSpec';
import { elementCount, type NamedArrays } from '../util/namedArrays';
import type { InitialValue, ParameterEntry } from './parameterEntry';
import { parameterInventory } from './parameterInventory';
import { fillUniform, streams } from './philox';

/**
 * Values of a new model, by published name. An engine that draws some entries itself, at the same addresses, leaves them out
 * with `wanted`.
 * *Shapes* positionEmbedding (nTokens · dModel), or null for zeros.
 * *Errors* a position embedding of another size.
 */
export function initialWeights(
  spec: ModelSpec,
  seed: number,
  positionEmbedding: Float32Array | null,
  wanted: (entry: ParameterEntry) => boolean = () => true,
): NamedArrays {
  const weights: NamedArrays = new Map();
  parameterInventory(spec).forEach((entry, item) => {
    if (!wanted(entry)) return;
    weights.set(entry.name, {
      shape: entry.shape,
      data:
        entry.initial.kind === 'positionEmbedding'
          ? positionValues(entry, positionEmbedding)
          : initialValue(entry.initial, elementCount(entry.shape), seed, item),
    });
  });
  return weights;
}

function positionValues(entry: ParameterEntry, given: Float32Array | null): Float32Array {
  const size = elementCount(entry.shape);
  if (given && given.length !== size) {
    throw internalError('position-embedding-size', `position embedding has ${given.length} values, the model ${size}`);
  }
  return given ? given.slice() : new Float32Array(size);
}

/** `item` is the entry's place in the inventory: the random address, so that adding a layer at the end changes no other value. */
function initialValue(
  initial: Exclude<InitialValue, { kind: 'positionEmbedding' }>,
  size: number,
  seed: number,
  item: number,
): Float32Array {
  const random = (value: (u: number) => number) => {
    const uniform = new Float64Array(size);
    fillUniform(uniform, { seed, stream: streams.initialValues, step: 0, item });
    return Float32Array.from(uniform, value);
  };
  switch (initial.kind) {
    case 'constant':
      return new Float32Array(size).fill(initial.value);
    case 'uniform':
      return random(u => (2 * u - 1) * initial.bound);
    case 'drawn':
      return random(initial.from);
    case 'timeFrequencies':
      return Float32Array.from({ length: size }, (_, i) => Math.exp((-Math.log(10000) * i) / size));
    case 'taskGate':
      return Float32Array.from({ length: size }, (_, l) => (l >= size - 8 ? 1 : 0));
    default:
      return initial satisfies never;
  }
}
