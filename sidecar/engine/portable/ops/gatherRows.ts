// Rows of a matrix by index. The registered gradient of tf.gather needs UnsortedSegmentSum, which wasm lacks.
import { reshape, tf, type Tensor1D, type Tensor2D } from '../tf';
import { differentiable } from './differentiable';

/** x[indices]; gradients of rows taken twice add up. *Shapes* x (r, c), indices (n) int32 → (n, c). */
export function gatherRows(x: Tensor2D, indices: Tensor1D): Tensor2D {
  const [r, c] = x.shape;
  return differentiable<Tensor2D>([x], save => {
    save([indices]);
    return {
      value: tf.gather(x, indices),
      gradient: (dy, [rows]) => [tf.scatterND(reshape(rows!, [-1, 1]), dy, [r, c])],
    };
  });
}
