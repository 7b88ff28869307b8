// The conditional denoiser around its convolution stack: what time and prototypes become before they enter every layer.
import { timeFeatures } from '../../model/parameterEntry';
import { silu } from './ops/activations';
import { affine } from './ops/matMul';
import { tf, type Tensor2D } from './tf';
import type { Weights } from './weights';

const net = 'criteria.net';

/**
 * Embedding of diffusion steps: 128 cosines then 128 sines of t · frequency, two linear layers with SiLU between.
 * Sinusoids are computed on the host in float64: the largest angle is T radians, which float32 would blur.
 * *Shapes* t (n) → (n, dimPerToken).
 */
export function embedTime(weights: Weights, t: Int32Array, frequencies: Float32Array): Tensor2D {
  const features = new Float32Array(t.length * timeFeatures);
  t.forEach((step, row) => {
    frequencies.forEach((frequency, i) => {
      features[row * timeFeatures + i] = Math.cos(step * frequency);
      features[row * timeFeatures + frequencies.length + i] = Math.sin(step * frequency);
    });
  });
  const hidden = affine(
    tf.tensor2d(features, [t.length, timeFeatures]),
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
