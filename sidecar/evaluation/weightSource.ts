// A network as the metrics see it: tensors of the common structure, read one at a time, so that a set of large networks
// need never be in memory at once. Only generated tensors count; fixed ones are the same everywhere.
import type { ParameterStructure, Structure } from '../tokenizer/structure';
import { elementCount, type NamedArrays } from '../util/namedArrays';
import { internalError } from '../util/rpgError';

/** A network whose tensors are read on demand. */
export interface WeightSource {
  readonly name: string;
  /** Values of `structure.parameters[index]`, row-major. Never changed by the reader. */
  read(index: number): Float32Array;
}

/** Indices of the tensors that are generated. */
export const generatedIndices = (structure: Structure): number[] =>
  structure.parameters.flatMap((parameter, index) => (parameter.kind === 'fixed' ? [] : [index]));

/** A state dict in memory as a source. *Errors* internal: a tensor of the structure is missing. @internal */
export function sourceOfState(name: string, structure: Structure, state: NamedArrays): WeightSource {
  return {
    name,
    read(index) {
      const parameter = structure.parameters[index]!;
      const found = state.get(parameter.name);
      if (found?.data.length !== elementCount(parameter.shape))
        throw internalError('tensor-missing', `${name} has no ${parameter.name} of the structure's size`);
      return found.data;
    },
  };
}

/** All tensors of a source as a state dict; fixed ones included. *Memory* one network. */
export function stateOfSource(structure: Structure, source: WeightSource): NamedArrays {
  return new Map(
    structure.parameters.map((parameter: ParameterStructure, index) => [
      parameter.name,
      { shape: parameter.shape, data: source.read(index) },
    ]),
  );
}
