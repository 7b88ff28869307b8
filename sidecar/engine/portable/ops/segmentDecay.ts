// exp of sums over segments, the decay matrix of the selective state space, as one operation. Its gradient sums the entries
// whose segment contains a position directly; differentiating through the cumulative sum would subtract two long sums from
// each other, which costs two digits of A_log's gradient in float32.
import { reshape, tf, type Tensor2D, type Tensor3D } from '../tf';
import { differentiable } from './differentiable';

/**
 * value[m, i, j] = exp(Σ of a[m] over (j, i]) where j ≤ i, else 0.
 * *Shapes* a (m, q), entries ≤ 0 → (m, q, q).
 */
export function segmentDecay(a: Tensor2D): Tensor3D {
  const [m, q] = a.shape;
  return differentiable<Tensor3D>([a], save => {
    const lower = triangle(q, (i, j) => j <= i);
    const sums = tf.matMul(
      a,
      triangle(q, (i, j) => i <= j),
    ); // inclusive
    const difference: Tensor3D = tf.sub(tf.expandDims(sums, 2), tf.expandDims(sums, 1));
    // Masked before exp as well: above the diagonal the difference is positive and may overflow.
    const value: Tensor3D = tf.mul(tf.exp(tf.mul(difference, lower)), lower);
    save([value]);
    return {
      value,
      gradient: (dy, [saved]) => {
        // da[k] = Σ over i ≥ k, j < k of g[i, j]: sum the columns before k, then the rows from k on.
        const g = reshape(tf.mul(dy, saved!), [m * q, q]);
        const before = reshape(
          tf.matMul(
            g,
            triangle(q, (j, k) => j < k),
          ),
          [m, q, q],
        );
        const counted: Tensor3D = tf.mul(
          before,
          triangle(q, (i, k) => i >= k),
        );
        return [reshape(tf.matMul(tf.ones<tf.Rank.R3>([m, 1, q]), counted), [m, q])];
      },
    };
  });
}

/** (size, size), 1 where `inside(row, column)`. */
export function triangle(size: number, inside: (row: number, column: number) => boolean): Tensor2D {
  const values = Float32Array.from({ length: size * size }, (_, at) =>
    inside(Math.floor(at / size), at % size) ? 1 : 0,
  );
  return tf.tensor2d(values, [size, size]);
}
