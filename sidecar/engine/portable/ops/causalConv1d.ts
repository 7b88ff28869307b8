// Causal depthwise convolution of Mamba-2: every channel has its own short filter that looks back only. wasm has no
// gradient kernels for depthwise convolutions; with at most four taps, shifted multiply-adds need none.
import { reshape, tf, type Tensor, type Tensor1D, type Tensor3D } from '../tf';
import { differentiable } from './differentiable';

/**
 * y[b, l, c] = bias[c] + Σ_k weight[c, 0, k] · x[b, l - (K - 1) + k, c], zero before the start.
 * *Shapes* x (b, l, c), weight (c, 1, K), bias (c).
 */
export function causalConv1d(x: Tensor3D, weight: Tensor3D, bias: Tensor1D): Tensor3D {
  const taps = weight.shape[2];
  const [b, l, c] = x.shape;
  return differentiable<Tensor3D>([x, weight, bias], save => {
    const padded = tf.pad(x, [[0, 0], [taps - 1, 0], [0, 0]]); // prettier-ignore
    save([padded, weight]);
    const filters = tapFilters(weight);
    let value: Tensor3D = tf.add(tf.mul(tf.slice(padded, [0, 0, 0], [b, l, c]), filters[0]!), bias);
    for (let k = 1; k < taps; k++) {
      value = tf.add(value, tf.mul(tf.slice(padded, [0, k, 0], [b, l, c]), filters[k]!));
    }
    return {
      value,
      gradient: (dy, saved) => {
        const [input, matrix] = saved as [Tensor3D, Tensor3D];
        const ahead = tf.pad(dy, [[0, 0], [0, taps - 1], [0, 0]]); // prettier-ignore
        const backFilters = tapFilters(matrix);
        const ones: Tensor3D = tf.ones([1, 1, b * l]);
        const sum = (product: Tensor): Tensor3D => tf.matMul<Tensor3D>(ones, reshape(product, [1, b * l, c])); // (1, 1, c)
        let dx: Tensor3D | undefined;
        const dWeight: Tensor3D[] = [];
        for (let k = 0; k < taps; k++) {
          const part: Tensor3D = tf.mul(tf.slice(ahead, [0, taps - 1 - k, 0], [b, l, c]), backFilters[k]!);
          dx = dx ? tf.add(dx, part) : part;
          dWeight.push(sum(tf.mul(dy, tf.slice(input, [0, k, 0], [b, l, c]))));
        }
        return [dx!, reshape(tf.transpose(tf.concat(dWeight, 1), [2, 0, 1]), [c, 1, taps]), reshape(sum(dy), [c])];
      },
    };
  });
}

/** K vectors of c values. */
function tapFilters(weight: Tensor3D): Tensor1D[] {
  return tf.unstack(reshape(weight, [weight.shape[0], weight.shape[2]]), 1) as Tensor1D[];
}
