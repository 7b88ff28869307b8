// Batch norm over all rows of a matrix, eps 1e-5: with the batch's own statistics in training, with the running ones else.
import { tf, type Tensor1D, type Tensor2D } from '../tf';
import { differentiable } from './differentiable';
import { sumRows } from './matMul';

export const batchNormEps = 1e-5;

/**
 * (x - mean) / deviation · weight + bias with the statistics of x.
 * *Shapes* x (m, c), weight and bias (c).
 * *Memory* `onStatistics` receives the mean and the biased variance; they are released afterwards unless kept.
 */
export function batchNorm(
  x: Tensor2D,
  weight: Tensor1D,
  bias: Tensor1D,
  onStatistics: (mean: Tensor1D, variance: Tensor1D) => void,
): Tensor2D {
  const m = x.shape[0];
  return differentiable<Tensor2D>([x, weight, bias], save => {
    const mean: Tensor1D = tf.div(sumRows(x), m);
    const centred: Tensor2D = tf.sub(x, mean);
    const variance: Tensor1D = tf.div(sumRows(tf.square(centred)), m);
    onStatistics(mean, variance);
    const inverse = tf.rsqrt(tf.add(variance, batchNormEps));
    const normalised: Tensor2D = tf.mul(centred, inverse);
    save([normalised, inverse, weight]);
    return {
      value: tf.add(tf.mul(normalised, weight), bias),
      gradient: (dy, saved) => {
        const [xHat, r, w] = saved as [Tensor2D, Tensor1D, Tensor1D];
        const dBias = sumRows(dy);
        const dWeight = sumRows(tf.mul(dy, xHat));
        const centredDy = tf.sub(tf.sub(dy, tf.div(dBias, m)), tf.mul(xHat, tf.div(dWeight, m)));
        return [tf.mul(centredDy, tf.mul(r, w)), dWeight, dBias];
      },
    };
  });
}
