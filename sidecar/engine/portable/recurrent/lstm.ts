// Stacked LSTM, gates in PyTorch's order i f g o, state from zero.
import type { LstmSpec } from '../../../model/recurrent/lstm';
import { addBias, linear, matMul } from '../ops/matMul';
import { reshape, tf, type Tensor1D, type Tensor2D, type Tensor3D } from '../tf';
import type { Weights } from '../weights';

/** *Shapes* x (b, l, dModel) → the same. */
export function lstm(spec: LstmSpec, weights: Weights, x: Tensor3D): Tensor3D {
  let h = x;
  for (let n = 0; n < spec.nLayers; n++) h = lstmLayer(spec.dModel, weights, n, h);
  return h;
}

function lstmLayer(dModel: number, weights: Weights, n: number, x: Tensor3D): Tensor3D {
  const [b, l] = x.shape;
  const named = (name: string) => `model.lstm_forward.${name}_l${n}`;
  const bias: Tensor1D = tf.add(weights.get(named('bias_ih')), weights.get(named('bias_hh')));
  const fromInput = addBias(linear(reshape(x, [b * l, dModel]), weights.matrix(named('weight_ih'))), bias);
  const inputs = tf.unstack(reshape(fromInput, [b, l, 4 * dModel]), 1) as Tensor2D[];
  const recurrent: Tensor2D = tf.transpose(weights.matrix(named('weight_hh'))); // once, not at every position
  let hidden: Tensor2D = tf.zeros([b, dModel]);
  let cell: Tensor2D = tf.zeros([b, dModel]);
  const outputs = inputs.map(input => {
    const [i, f, g, o] = tf.split(tf.add(input, matMul(hidden, recurrent)), 4, 1) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D]; // prettier-ignore
    cell = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g)));
    hidden = tf.mul(tf.sigmoid(o), tf.tanh(cell));
    return hidden;
  });
  return tf.stack(outputs, 1) as Tensor3D;
}
