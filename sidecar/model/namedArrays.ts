// Named numbers on the host: what weights, gradients and optimizer moments look like outside an engine.

/** Parameters, buffers or optimizer moments under their published state-dict names, row-major. */
export type NamedArrays = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** Elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
