// Networks of a few numbers as the metrics see them.
import { sourceOfState, type WeightSource } from '../../sidecar/evaluation/weightSource';
import { measureTensor, parameterKind, StructureBuilder, type Structure } from '../../sidecar/tokenizer/structure';

interface TensorExample {
  readonly name: string;
  readonly values: readonly number[];
}

/** A structure of flat float32 tensors; its statistics are those of the given networks, or of the example alone. */
export function structureOf(example: readonly TensorExample[], networks?: readonly (readonly number[][])[]): Structure {
  const shapes = example.map(({ name, values }) => ({ name, shape: [values.length], dtype: 'float32', isFloat: true }));
  const builder = new StructureBuilder(shapes);
  for (const network of networks ?? [example.map(({ values }) => [...values])])
    builder.add(
      shapes.map((shape, i) => {
        const kind = parameterKind(shape);
        return kind === 'fixed' ? null : measureTensor(Float32Array.from(network[i]!), kind);
      }),
    );
  return builder.build();
}

/** A network in the structure's order. */
export function sourceOf(name: string, structure: Structure, values: readonly (readonly number[])[]): WeightSource {
  const state = new Map(
    structure.parameters.map((parameter, i) => [
      parameter.name,
      { shape: parameter.shape, data: Float32Array.from(values[i]!) },
    ]),
  );
  return sourceOfState(name, structure, state);
}
