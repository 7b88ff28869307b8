// A state dict as the mathematics sees it: names in the checkpoint's order, each with a shape and float32 values.
// Files, dtypes and shared storages belong to sidecar/checkpoint.

/** One tensor. *Shapes* `data` is row-major and holds the product of `shape` values; a scalar has shape []. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A state dict; iteration order is the checkpoint's own. */
export type NamedArrays = Map<string, NamedArray>;

/** Number of values of a shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);

/** All values in order, one after another. *Shapes* (sum of the element counts). */
export function concatenate(state: NamedArrays): Float32Array {
  let total = 0;
  for (const { data } of state.values()) total += data.length;
  const all = new Float32Array(total);
  let at = 0;
  for (const { data } of state.values()) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

/** A deep copy whose values `change` may overwrite. */
export function copyOf(state: NamedArrays): NamedArrays {
  return new Map([...state].map(([name, { shape, data }]) => [name, { shape: [...shape], data: data.slice() }]));
}
