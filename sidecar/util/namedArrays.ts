// Named numbers on the host: what a state dict, gradients and optimizer moments look like outside files and engines.
// Dtypes and shared storages belong to sidecar/checkpoint.

/** One tensor. *Shapes* `data` is row-major and holds the product of `shape` values; a scalar has shape []. */
interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Arrays under their state-dict names; iteration order is the checkpoint's own. */
export type NamedArrays = Map<string, NamedArray>;

/** Number of values of a shape; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);
