// Normalisations over the last axis, eps 1e-5. Gradients in closed form from the normalised value and the inverse deviation.
import { tf, type Tensor, type Tensor1D, type Tensor2D } from '../tf';
import { differentiable } from './differentiable';
import { sumRows } from './matMul';

const eps = 1e-5;

/** x / rms(x) · weight. *Shapes* x (n, c), weight (c). */
export function rmsNorm(x: Tensor2D, weight: Tensor1D): Tensor2D {
  return differentiable<Tensor2D>([x, weight], save => {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
    const normalised: Tensor2D = tf.mul(x, inverse);
    save([normalised, inverse, weight]);
    return {
      value: tf.mul(normalised, weight),
      gradient: (dy, saved) => {
        const [xHat, r, w] = saved as [Tensor2D, Tensor2D, Tensor1D];
        const dxHat = tf.mul(dy, w);
        const dx = tf.mul(r, tf.sub(dxHat, tf.mul(xHat, tf.mean(tf.mul(dxHat, xHat), -1, true))));
        return [dx, sumRows(tf.mul(dy, xHat))];
      },
    };
  });
}

/** (x - mean) / deviation · weight + bias. *Shapes* x (n, c), weight and bias (c). */
export function layerNorm(x: Tensor2D, weight: Tensor, bias: Tensor): Tensor2D {
  return differentiable<Tensor2D>([x, weight, bias], save => {
    const { normalised, inverse } = standardise(x);
    save([normalised, inverse, weight]);
    return {
      value: tf.add(tf.mul(normalised, weight), bias),
      gradient: (dy, saved) => {
        const [xHat, r, w] = saved as [Tensor2D, Tensor2D, Tensor1D];
        return [standardiseGradient(tf.mul(dy, w), xHat, r), sumRows(tf.mul(dy, xHat)), sumRows(dy)];
      },
    };
  });
}

/** (x - mean) / deviation of every row, without weights: group norm with one group normalises whole samples by it. */
export function standardNorm(x: Tensor2D): Tensor2D {
  return differentiable<Tensor2D>([x], save => {
    const { normalised, inverse } = standardise(x);
    save([normalised, inverse]);
    return {
      value: normalised,
      gradient: (dy, saved) => [standardiseGradient(dy, saved[0] as Tensor2D, saved[1] as Tensor2D)],
    };
  });
}

function standardise(x: Tensor2D): { normalised: Tensor2D; inverse: Tensor2D } {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse: Tensor2D = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps));
  return { normalised: tf.mul(centred, inverse), inverse };
}

function standardiseGradient(dxHat: Tensor2D, xHat: Tensor2D, inverse: Tensor2D): Tensor2D {
  const centred = tf.sub(dxHat, tf.mean(dxHat, -1, true));
  return tf.mul(inverse, tf.sub(centred, tf.mul(xHat, tf.mean(tf.mul(dxHat, xHat), -1, true))));
}
