// Pre-norm transformer over all positions (no mask), exact GELU, and scores that are *not* divided by sqrt(dimHead).
import type { TransformerSpec } from '../../../model/recurrent/transformer';
import { gelu } from '../ops/activations';
import { affine, batchMatMul, linear, swapLast } from '../ops/matMul';
import { layerNorm } from '../ops/norms';
import { reshape, tf, type Tensor2D, type Tensor3D } from '../tf';
import type { Weights } from '../weights';

/** *Shapes* x (b, l, dModel) → the same. */
export function transformer(spec: TransformerSpec, weights: Weights, x: Tensor3D): Tensor3D {
  const [b, l, dModel] = x.shape;
  let h: Tensor2D = reshape(x, [b * l, dModel]);
  for (let n = 0; n < spec.nLayers; n++) {
    const prefix = `model.transformer_forward.layers.${n}`;
    h = tf.add(h, attention(spec, weights, `${prefix}.0`, h, b, l));
    h = tf.add(h, feedForward(weights, `${prefix}.1.net`, h));
  }
  return reshape(h, [b, l, dModel]);
}

function attention(
  spec: TransformerSpec,
  weights: Weights,
  prefix: string,
  x: Tensor2D,
  b: number,
  l: number,
): Tensor2D {
  const { nHeads, dimHead, dModel } = spec;
  const dInner = nHeads * dimHead;
  const normed = layerNorm(x, weights.matrix(`${prefix}.norm.weight`), weights.vector(`${prefix}.norm.bias`));
  const [q, k, v] = tf
    .split(linear(normed, weights.matrix(`${prefix}.to_qkv.weight`)), 3, 1)
    .map(part => toHeads(part)) as [Tensor3D, Tensor3D, Tensor3D];
  const attended = batchMatMul(tf.softmax(batchMatMul(q, swapLast(k))), v); // (b·heads, l, dimHead)
  const joined: Tensor2D = reshape(tf.transpose(reshape(attended, [b, nHeads, l, dimHead]), [0, 2, 1, 3]), [
    b * l,
    dInner,
  ]);
  return dInner === dModel ? joined : linear(joined, weights.matrix(`${prefix}.to_out.weight`));

  function toHeads(part: tf.Tensor): Tensor3D {
    return reshape(tf.transpose(reshape(part, [b, l, nHeads, dimHead]), [0, 2, 1, 3]), [b * nHeads, l, dimHead]);
  }
}

function feedForward(weights: Weights, prefix: string, x: Tensor2D): Tensor2D {
  const normed = layerNorm(x, weights.matrix(`${prefix}.0.weight`), weights.vector(`${prefix}.0.bias`));
  const hidden = gelu(affine(normed, weights.matrix(`${prefix}.1.weight`), weights.vector(`${prefix}.1.bias`)));
  return affine(hidden, weights.matrix(`${prefix}.3.weight`), weights.vector(`${prefix}.3.bias`));
}
