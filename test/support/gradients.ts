// Gradient checks by finite differences along random directions, in the float32 of the backend.
import { reshape, tf, type Tensor } from '../../sidecar/engine/portable/tf';

/** Seeded values in [-1, 1). */
export function randomTensor<const Shape extends readonly number[]>(shape: Shape, seed: number) {
  let state = (seed * 2654435761 + 1) >>> 0;
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return reshape(tf.tensor1d(values), shape);
}

/**
 * Largest difference between ⟨gradient, direction⟩ and the central difference of Σ w·f along that direction, over the
 * inputs, relative to the gradient's length. The weights w make every output count differently.
 */
export function gradientError(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], step = 1e-2): number {
  const weights = randomTensor(f(...inputs).shape, 77);
  const objective = (...xs: Tensor[]) => tf.sum<tf.Scalar>(tf.mul(f(...xs), weights));
  const gradients = tf.grads(objective)([...inputs]);
  const errors = inputs.map((input, i) => {
    const direction = randomTensor(input.shape, 100 + i);
    const at = (amount: number) => {
      const moved = inputs.map((x, j) => (j === i ? tf.add(x, tf.mul(direction, amount)) : x));
      return objective(...moved).dataSync()[0]!;
    };
    const numeric = (at(step) - at(-step)) / (2 * step);
    const analytic = tf.sum(tf.mul(gradients[i]!, direction)).dataSync()[0]!;
    const scale = tf.norm(gradients[i]!).dataSync()[0]! * tf.norm(direction).dataSync()[0]!;
    return Math.abs(numeric - analytic) / Math.max(scale, 1e-3);
  });
  return Math.max(...errors);
}

/** Largest absolute difference of two tensors of one shape. */
export function largestDifference(a: Tensor, b: Tensor): number {
  if (a.shape.join() !== b.shape.join()) return Infinity;
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
}
