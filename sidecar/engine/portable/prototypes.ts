// From positions and condition to prototypes: pe + condition (+ permutation state) through the recurrent model.
import type { ModelSpec } from '../../model/modelSpec';
import { silu } from './ops/activations';
import { conv1d } from './ops/conv1d';
import { addBias, affine, matMul } from './ops/matMul';
import { layerNorm, standardNorm } from './ops/norms';
import type { Recurrent } from './recurrent/registry';
import { reshape, tf, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D } from './tf';
import type { Weights } from './weights';

/** Who the sequences of a batch are for. *Shapes* permutationState (b), task (b, taskBits). */
export interface SequenceInputs {
  nSequences: number;
  permutationState: Int32Array | null;
  task: Float32Array | null;
}

/** *Shapes* → (b, nTokens, dPrototype). Differentiable in every weight that takes part. */
export function computePrototypes(
  spec: ModelSpec,
  weights: Weights,
  recurrent: Recurrent,
  inputs: SequenceInputs,
): Tensor3D {
  const { nTokens, dModel } = spec;
  const b = inputs.nSequences;
  const position: Tensor2D = reshape(weights.get('model.pe'), [1, nTokens * dModel]);
  // A product with ones, not broadcasting: the gradient of a broadcast sums a non-last axis.
  let x: Tensor3D = reshape(matMul(tf.ones([b, 1]), position), [b, nTokens, dModel]);
  x = tf.add(x, condition(spec, weights, inputs));
  if (spec.usePermutationState && inputs.permutationState) {
    x = tf.add(x, permutationState(weights.matrix('to_permutation_state.weight'), inputs.permutationState));
  }
  return recurrent.run(x);
}

/** (b, 1 or nTokens, dModel) */
function condition(spec: ModelSpec, weights: Weights, { nSequences, task }: SequenceInputs): Tensor3D {
  const { kind, taskBits, dCondition } = spec.condition;
  if (kind === 'none') {
    const zero: Tensor2D = tf.zeros([nSequences, dCondition]);
    const bias = affine(zero, weights.matrix('to_condition.weight'), weights.vector('to_condition.bias'));
    return tf.expandDims(bias, 1);
  }
  const bits = tf.tensor2d(task ?? new Float32Array(nSequences * taskBits), [nSequences, taskBits]);
  const hidden = affine(bits, weights.matrix('get_condition.0.weight'), weights.vector('get_condition.0.bias'));
  const activated =
    kind === 'task'
      ? silu(hidden)
      : layerNorm(hidden, weights.matrix('get_condition.1.weight'), weights.vector('get_condition.1.bias'));
  const wide = affine(
    activated,
    weights.matrix('to_condition_linear.weight'),
    weights.vector('to_condition_linear.bias'),
  );
  return kind === 'task'
    ? tf.mul(tf.expandDims(wide, 1), weights.get('to_condition_gate'))
    : conditionPerToken(spec, weights, wide);
}

/** conv(1→L) → group norm with one group → conv(L→L), along the width of the condition. (b, dModel) → (b, L, dModel) */
function conditionPerToken({ nTokens, dModel }: ModelSpec, weights: Weights, wide: Tensor2D): Tensor3D {
  const b = wide.shape[0];
  const name = (part: string) => `to_condition_conv.${part}`;
  const convolve = (x: Tensor3D, n: number) =>
    conv1d(x, weights.filter(name(`${n}.weight`)), weights.vector(name(`${n}.bias`)));
  const spread = convolve(tf.expandDims(wide, 2), 0); // (b, dModel, L)
  const normed = reshape(standardNorm(reshape(spread, [b, dModel * nTokens])), [b * dModel, nTokens]);
  const scaled: Tensor2D = tf.mul(normed, scaleRows(weights.vector(name('1.weight')), b * dModel));
  const shifted = addBias(scaled, weights.vector(name('1.bias')));
  return tf.transpose(convolve(reshape(shifted, [b, dModel, nTokens]), 2), [0, 2, 1]);
}

/** (c) → (n, c), every row the same, by a product with ones. */
function scaleRows(vector: Tensor1D, n: number): Tensor2D {
  return matMul(tf.ones([n, 1]), reshape(vector, [1, vector.shape[0]]));
}

/** (b, 1, dModel): rows of the embedding by a one-hot product, so that states chosen twice add their gradients in a fixed order. */
function permutationState(embedding: Tensor2D, states: Int32Array): Tensor3D {
  const chosen = new Float32Array(states.length * embedding.shape[0]);
  states.forEach((state, row) => (chosen[row * embedding.shape[0] + state] = 1));
  const oneHot: Tensor = tf.tensor2d(chosen, [states.length, embedding.shape[0]]);
  return tf.expandDims(matMul(oneHot as Tensor2D, embedding), 1);
}
