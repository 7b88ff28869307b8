// The conditional denoiser around its convolution stack: what time and prototypes become before they enter every layer.
import { timeFeatures } from '../../model/parameterEntry';
import { silu } from './ops/activations';
import { affine } from './ops/matMul';
import { tf, type Tensor2D } from './tf';
import type { Weights } from './weights';

const net = 'criteria.net';

/** Sinusoids of diffusion steps: (n) steps → (n · 256). */
export type TimeFeatures = (t: Int32Array) => Float32Array;

/**
 * 128 cosines then 128 sines of t · frequency, on the host in float64: the largest angle is T radians, which float32 would
 * blur. A step's are computed once, then copied. *Memory* 1 KiB a step.
 */
export function createTimeFeatures(frequencies: Float32Array): TimeFeatures {
  const known = new Map<number, Float32Array>();
  const featuresOf = (step: number): Float32Array => {
    let features = known.get(step);
    if (!features) {
      features = new Float32Array(timeFeatures);
      for (const [i, frequency] of frequencies.entries()) {
        features[i] = Math.cos(step * frequency);
        features[frequencies.length + i] = Math.sin(step * frequency);
      }
      known.set(step, features);
    }
    return features;
  };
  return t => {
    const features = new Float32Array(t.length * timeFeatures);
    t.forEach((step, row) => features.set(featuresOf(step), row * timeFeatures));
    return features;
  };
}

/** Embedding of diffusion steps: their sinusoids, two linear layers with SiLU between. *Shapes* t (n) → (n, dimPerToken). */
export function embedTime(weights: Weights, t: Int32Array, features: TimeFeatures): Tensor2D {
  const hidden = affine(
    tf.tensor2d(features(t), [t.length, timeFeatures]),
    weights.matrix(`${net}.time_embedder.mlp.0.weight`),
    weights.vector(`${net}.time_embedder.mlp.0.bias`),
  );
  return affine(
    silu(hidden),
    weights.matrix(`${net}.time_embedder.mlp.2.weight`),
    weights.vector(`${net}.time_embedder.mlp.2.bias`),
  );
}

/** Embedding of prototypes; does not depend on t. *Shapes* (n, dPrototype) → (n, dimPerToken). */
export function embedPrototypes(weights: Weights, prototypes: Tensor2D): Tensor2D {
  return affine(
    prototypes,
    weights.matrix(`${net}.condi_embedder.weight`),
    weights.vector(`${net}.condi_embedder.bias`),
  );
}

/** Name of the frequencies' buffer. */
export const frequenciesName = `${net}.time_embedder.freqs`;
