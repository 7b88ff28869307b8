// The parameters and buffers of one open model as tensors of the current backend, by published name.
import { elementCount, type NamedArrays } from '../../util/namedArrays';
import type { ParameterEntry } from '../../model/parameterEntry';
import { internalError } from '../../util/rpgError';
import { tf, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D } from './tf';

/** Owns its tensors; `dispose` releases them. */
export class Weights {
  readonly #tensors = new Map<string, Tensor>();

  constructor(readonly inventory: readonly ParameterEntry[]) {}

  get(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw internalError('no-such-weight', `the model has no weight ${name}`);
    return tensor;
  }

  // Ranks are the inventory's, which the caller knows.
  vector(name: string): Tensor1D {
    return this.get(name) as Tensor1D;
  }

  matrix(name: string): Tensor2D {
    return this.get(name) as Tensor2D;
  }

  /** A convolution's (outputs, inputs, taps). */
  filter(name: string): Tensor3D {
    return this.get(name) as Tensor3D;
  }

  /** Replaces a tensor, taking ownership of the new one. */
  set(name: string, tensor: Tensor): void {
    this.#tensors.get(name)?.dispose();
    this.#tensors.set(name, tf.keep(tensor));
  }

  /** Replaces values from the host. *Errors* internal: names or sizes that differ from the inventory. */
  write(arrays: NamedArrays): void {
    const entries = new Map(this.inventory.map(entry => [entry.name, entry]));
    for (const [name, { data }] of arrays) {
      const entry = entries.get(name);
      if (entry?.shape === undefined || elementCount(entry.shape) !== data.length) {
        throw internalError('weight-mismatch', `weight ${name} with ${data.length} values is not in the inventory`);
      }
      this.set(name, tf.tensor(data, [...entry.shape]));
    }
  }

  /** A copy of the values on the host, of all entries or those that `select` picks. */
  async read(select: (entry: ParameterEntry) => boolean = () => true): Promise<NamedArrays> {
    const arrays: NamedArrays = new Map();
    for (const { name, shape } of this.inventory.filter(select)) {
      // float32 in, float32 out; a slice, because a backend may hand out a view of its memory
      const data = (await this.get(name).data<'float32'>()).slice();
      arrays.set(name, { shape, data });
    }
    return arrays;
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
