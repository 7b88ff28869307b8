// Matrix products whose gradients never ask for a transposed operand: on wasm a transposed matMul runs at 1 GFLOP/s, a
// transposition followed by a plain one at 21.
import { reshape, tf, type Tensor1D, type Tensor2D, type Tensor3D } from '../tf';
import { differentiable } from './differentiable';

/** a · b. *Shapes* (i, k) · (k, j) → (i, j). */
export function matMul(a: Tensor2D, b: Tensor2D): Tensor2D {
  return differentiable<Tensor2D>([a, b], save => {
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradient: (dy, saved) => {
        const [left, right] = saved as [Tensor2D, Tensor2D];
        return [tf.matMul(dy, tf.transpose(right)), tf.matMul(tf.transpose(left), dy)];
      },
    };
  });
}

/** The same for every matrix of a batch. *Shapes* (n, i, k) · (n, k, j) → (n, i, j). */
export function batchMatMul(a: Tensor3D, b: Tensor3D): Tensor3D {
  return differentiable<Tensor3D>([a, b], save => {
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradient: (dy, saved) => {
        const [left, right] = saved as [Tensor3D, Tensor3D];
        return [tf.matMul(dy, swapLast(right)), tf.matMul(swapLast(left), dy)];
      },
    };
  });
}

/**
 * x · weightᵀ, with the weight as PyTorch stores it: (outputs, inputs).
 * *Shapes* x (n, inputs), weight (outputs, inputs) → (n, outputs).
 */
export function linear(x: Tensor2D, weight: Tensor2D): Tensor2D {
  return differentiable<Tensor2D>([x, weight], save => {
    save([x, weight]);
    return {
      value: tf.matMul(x, tf.transpose(weight)),
      gradient: (dy, saved) => {
        const [input, matrix] = saved as [Tensor2D, Tensor2D];
        return [tf.matMul(dy, matrix), tf.matMul(tf.transpose(dy), input)];
      },
    };
  });
}

/** x + bias on every row; its gradient sums rows by a product with ones. *Shapes* x (n, c), bias (c). */
export function addBias(x: Tensor2D, bias: Tensor1D): Tensor2D {
  return differentiable<Tensor2D>([x, bias], () => ({
    value: tf.add(x, bias),
    gradient: dy => [dy, sumRows(dy)],
  }));
}

/** Linear layer with bias. */
export function affine(x: Tensor2D, weight: Tensor2D, bias: Tensor1D): Tensor2D {
  return addBias(linear(x, weight), bias);
}

/** Sum over the rows: (n, c) → (c). A product with ones; summing a non-last axis would transpose first. */
export function sumRows(x: Tensor2D): Tensor1D {
  return reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]);
}

/** (n, i, j) → (n, j, i). */
export function swapLast(x: Tensor3D): Tensor3D {
  return tf.transpose(x, [0, 2, 1]);
}
