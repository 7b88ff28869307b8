// AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019), twice: on tensors, where the weights live
// on a device, and on flat host arrays, where workers share them. Bias corrections are computed in float64 on the host.
import type { StepHyper } from '../engine';
import { tf, type Tensor } from './tf';

/** The scalars of one step. */
interface StepScalars {
  decay: number;
  stepSize: number;
  rootCorrection: number;
}

function scalars({ step, learningRate, weightDecay, beta1, beta2 }: StepHyper): StepScalars {
  return {
    decay: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    rootCorrection: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** One parameter and its moments. */
export interface AdamWTensors {
  parameter: Tensor;
  expAvg: Tensor;
  expAvgSq: Tensor;
}

/** The three values after the step. *Memory* new tensors; the old ones stay the caller's. */
export function adamWTensors(state: AdamWTensors, gradient: Tensor, hyper: StepHyper): AdamWTensors {
  const { beta1, beta2, epsilon } = hyper;
  const { decay, stepSize, rootCorrection } = scalars(hyper);
  const next = tf.tidy(() => {
    const expAvg = tf.add(tf.mul(state.expAvg, beta1), tf.mul(gradient, 1 - beta1));
    const expAvgSq = tf.add(tf.mul(state.expAvgSq, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const denominator = tf.add(tf.mul(tf.sqrt(expAvgSq), rootCorrection), epsilon);
    const update = tf.mul(tf.div(expAvg, denominator), stepSize);
    return [tf.sub(tf.mul(state.parameter, decay), update), expAvg, expAvgSq] as const;
  });
  return { parameter: next[0], expAvg: next[1], expAvgSq: next[2] };
}

/** Flat state of many parameters, all of one length. */
export interface AdamWArrays {
  parameters: Float32Array;
  expAvg: Float32Array;
  expAvgSq: Float32Array;
}

/**
 * The step in place on [from, to). Arithmetic in float64, state rounded to float32: the same bits on every machine.
 * *Shapes* `gradients` holds one flat array per worker; they are summed in that order.
 */
export function adamWArrays(
  state: AdamWArrays,
  gradients: readonly Float32Array[],
  hyper: StepHyper,
  from: number,
  to: number,
): void {
  const { parameters, expAvg, expAvgSq } = state;
  const { beta1, beta2, epsilon } = hyper;
  const { decay, stepSize, rootCorrection } = scalars(hyper);
  for (let i = from; i < to; i++) {
    let g = 0;
    for (const part of gradients) g += part[i]!; // in the workers' order: the sum has the same bits every time
    const m = (expAvg[i] = expAvg[i]! * beta1 + g * (1 - beta1));
    const v = (expAvgSq[i] = expAvgSq[i]! * beta2 + g * g * (1 - beta2));
    parameters[i] = parameters[i]! * decay - (stepSize * m) / (Math.sqrt(v) * rootCorrection + epsilon);
  }
}
