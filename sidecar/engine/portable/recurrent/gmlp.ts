// Gated MLP, the ablation without recurrence: every token on its own.
import type { GmlpSpec } from '../../../model/recurrent/gmlp';
import { affine, linear } from '../ops/matMul';
import { layerNorm } from '../ops/norms';
import { reshape, tf, type Tensor2D, type Tensor3D } from '../tf';
import type { Weights } from '../weights';

/** *Shapes* x (b, l, dModel) → the same. */
export function gmlp(spec: GmlpSpec, weights: Weights, x: Tensor3D): Tensor3D {
  const [b, l, dModel] = x.shape;
  let h: Tensor2D = reshape(x, [b * l, dModel]);
  for (let n = 0; n < spec.nLayers; n++) {
    const prefix = `model.gmlp_forward.${n}`;
    const gate = tf.sigmoid(linear(h, weights.matrix(`${prefix}.proj_2.weight`)));
    const gated: Tensor2D = tf.mul(linear(h, weights.matrix(`${prefix}.proj_1.weight`)), gate);
    const mixed = affine(gated, weights.matrix(`${prefix}.proj_3.weight`), weights.vector(`${prefix}.proj_3.bias`));
    h = layerNorm(mixed, weights.matrix(`${prefix}.layer_norm.weight`), weights.vector(`${prefix}.layer_norm.bias`));
  }
  return reshape(h, [b, l, dModel]);
}
