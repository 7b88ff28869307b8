// One-dimensional convolution with "same" padding, and its gradients by the fast paths: the input's gradient is a forward
// convolution with flipped weights, the filter's a convolution with the row index as channel (wasm has no
// Conv2DBackpropFilter, and its Conv2DBackpropInput runs at 2 GFLOP/s against 30 forward).
import { reshape, tf, type Tensor1D, type Tensor3D, type Tensor4D } from '../tf';
import { differentiable } from './differentiable';

/**
 * y[n, w, o] = bias[o] + Σ_{i, k} weight[o, i, k] · x[n, w + k - K/2, i], zero outside.
 * *Shapes* x (n, w, inputs), weight (outputs, inputs, K odd) as PyTorch stores it, bias (outputs) → (n, w, outputs).
 */
export function conv1d(x: Tensor3D, weight: Tensor3D, bias: Tensor1D): Tensor3D {
  const [n, w, inputs] = x.shape;
  const [outputs, , taps] = weight.shape;
  const half = (taps - 1) / 2;
  return differentiable<Tensor3D>([x, weight, bias], save => {
    save([x, weight]);
    const filter = reshape(tf.transpose(weight, [2, 1, 0]), [1, taps, inputs, outputs]);
    return {
      value: tf.add(convolve(x, filter), bias),
      gradient: (dy, saved) => {
        const [input, matrix] = saved as [Tensor3D, Tensor3D];
        const flipped = reshape(tf.transpose(tf.reverse(matrix, 2), [2, 0, 1]), [1, taps, outputs, inputs]);
        const columns: Tensor4D = reshape(tf.transpose(input, [2, 1, 0]), [inputs, 1, w, n]);
        const dyFilter: Tensor4D = reshape(tf.transpose(dy, [1, 0, 2]), [1, w, n, outputs]);
        const dFilter = tf.conv2d(columns, dyFilter, 1, [[0, 0], [0, 0], [half, half], [0, 0]]); // prettier-ignore
        const dWeight = tf.transpose(reshape(dFilter, [inputs, taps, outputs]), [2, 0, 1]);
        const dBias = reshape(tf.matMul(tf.ones([1, n * w]), reshape(dy, [n * w, outputs])), [outputs]);
        return [convolve(dy, flipped), dWeight, dBias];
      },
    };
  });
}

function convolve(x: Tensor3D, filter: Tensor4D): Tensor3D {
  const [n, w, inputs] = x.shape;
  return reshape(tf.conv2d(reshape(x, [n, 1, w, inputs]), filter, 1, 'same'), [n, w, filter.shape[3]]);
}
