// Mamba-2 layers in sequence, without residual or norm between them (Dao & Gu, ICML 2024; heads of 64, one group).
import type { MambaLayerSpec, MambaSpec } from '../../../model/recurrent/mamba';
import { softplus, silu } from '../ops/activations';
import { causalConv1d } from '../ops/causalConv1d';
import { linear } from '../ops/matMul';
import { rmsNorm } from '../ops/norms';
import { ssd } from '../ops/ssd';
import { reshape, tf, type Tensor2D, type Tensor3D } from '../tf';
import type { Weights } from '../weights';

/** *Shapes* x (b, l, dModel) → (b, l, dOutput of the last layer). */
export function mamba(spec: MambaSpec, weights: Weights, x: Tensor3D): Tensor3D {
  return spec.layers.reduce((h, layer, n) => mambaLayer(layer, weights, `model.mamba_forward.${n}`, h), x);
}

function mambaLayer(layer: MambaLayerSpec, weights: Weights, prefix: string, u: Tensor3D): Tensor3D {
  const { dModel, dOutput, dInner, dState, nHeads, headDim } = layer;
  const [b, l] = u.shape;
  const convolved = dInner + 2 * dState;
  const projected = linear(reshape(u, [b * l, dModel]), weights.matrix(`${prefix}.in_proj.weight`));
  const [z, xBC, dtRaw] = tf.split(projected, [dInner, convolved, nHeads], 1) as [Tensor2D, Tensor2D, Tensor2D];
  const mixed = silu(
    causalConv1d(
      reshape(xBC, [b, l, convolved]),
      weights.filter(`${prefix}.conv1d.weight`),
      weights.vector(`${prefix}.conv1d.bias`),
    ),
  );
  const [xFlat, B, C] = tf.split(mixed, [dInner, dState, dState], 2) as [Tensor3D, Tensor3D, Tensor3D];
  const dt = reshape(softplus(tf.add(dtRaw, weights.vector(`${prefix}.dt_bias`))), [b, l, nHeads]);
  const A = tf.neg(tf.exp(weights.vector(`${prefix}.A_log`)));
  const x = reshape(xFlat, [b, l, nHeads, headDim]);
  const skip = tf.mul(x, reshape(weights.get(`${prefix}.D`), [nHeads, 1]));
  const y = tf.add(ssd({ x, dt, A, B, C }), skip);
  const gated: Tensor2D = tf.mul(reshape(y, [b * l, dInner]), silu(z));
  const normed = rmsNorm(gated, weights.vector(`${prefix}.norm.weight`));
  return reshape(linear(normed, weights.matrix(`${prefix}.out_proj.weight`)), [b, l, dOutput]);
}
