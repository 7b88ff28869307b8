// Activations with short tapes: one saved tensor and a closed gradient each.
import { tf, type Tensor } from '../tf';
import { differentiable } from './differentiable';

/** x · sigmoid(x). */
export function silu<T extends Tensor>(x: T): T {
  return differentiable<T>([x], save => {
    save([x]);
    return {
      value: tf.mul(x, tf.sigmoid(x)),
      gradient: (dy, [saved]) => {
        const s = tf.sigmoid(saved!);
        return [tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(saved!, tf.sub(1, s)))))];
      },
    };
  });
}

/** ln(1 + e^x), without overflow: max(x, 0) + ln(1 + e^-|x|). */
export function softplus<T extends Tensor>(x: T): T {
  return differentiable<T>([x], save => {
    save([x]);
    return {
      value: tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x))))),
      gradient: (dy, [saved]) => [tf.mul(dy, tf.sigmoid(saved!))],
    };
  });
}

/** Exact GELU: x · Φ(x) with the normal distribution function. */
export function gelu<T extends Tensor>(x: T): T {
  const phi = (value: Tensor) => tf.mul(0.5, tf.add(1, tf.erf(tf.mul(value, Math.SQRT1_2))));
  return differentiable<T>([x], save => {
    save([x]);
    return {
      value: tf.mul(x, phi(x)),
      gradient: (dy, [saved]) => {
        const density = tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(saved!))));
        return [tf.mul(dy, tf.add(phi(saved!), tf.mul(saved!, density)))];
      },
    };
  });
}
