// The selective state space of Mamba-2 (Dao & Gu, "Transformers are SSMs", ICML 2024), by the chunked algorithm: inside a
// chunk a masked attention-like product, between chunks a short recurrence, both as matrix products. Exact for any length:
// the tail is padded with dt = 0, which neither decays nor adds. Cumulative sums are triangular products, because tfjs'
// cumsum has a wrong gradient on every axis but the last. `ssdReference` is the recurrence itself.
import {
  reshape,
  tf,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
} from '../tf';
import { batchMatMul, matMul, swapLast } from './matMul';
import { segmentDecay, triangle } from './segmentDecay';

/** *Shapes* x (b, l, h, p), dt (b, l, h) positive, A (h) negative, B and C (b, l, n). */
export interface SsdInputs {
  x: Tensor4D;
  dt: Tensor3D;
  A: Tensor1D;
  B: Tensor3D;
  C: Tensor3D;
}

/**
 * y with h_l ← exp(A·dt_l)·h_{l-1} + dt_l · x_l ⊗ B_l and y_l = C_l · h_l.
 * *Shapes* → (b, l, h, p).
 */
export function ssd(inputs: SsdInputs, chunkSize = 64): Tensor4D {
  const [b, l, h, p] = inputs.x.shape;
  const q = Math.min(chunkSize, l);
  const c = Math.ceil(l / q);
  const n = inputs.B.shape[2];
  const padding = c * q - l;
  const dt = reshape(padTime(inputs.dt, padding), [b, c, q, h]);
  const B = reshape(padTime(inputs.B, padding), [b * c, q, n]);
  const C = reshape(padTime(inputs.C, padding), [b * c, q, n]);
  const x = reshape(padTime(inputs.x, padding), [b, c, q, h, p]);
  const dtx: Tensor5D = tf.mul(x, tf.expandDims(dt, 4)); // (b, c, q, h, p)

  const a = tf.transpose(tf.mul(dt, inputs.A), [0, 1, 3, 2]); // (b, c, h, q) log decay of each position

  const scores = reshape(batchMatMul(C, swapLast(B)), [b * c, 1, q, q]); // C_i · B_j
  const decay = segmentDecay(reshape(a, [b * c * h, q]));
  const mixing = tf.mul(reshape(decay, [b * c, h, q, q]), scores);
  const heads = reshape(tf.transpose(dtx, [0, 1, 3, 2, 4]), [b * c * h, q, p]);
  const inside = batchMatMul(reshape(mixing, [b * c * h, q, q]), heads); // what positions of the same chunk add
  let y: Tensor5D = tf.transpose(reshape(inside, [b, c, h, q, p]), [0, 1, 3, 2, 4]);
  if (c > 1) {
    const aCum = reshape(matMul(reshape(a, [b * c * h, q]), cumulative(q)), [b, c, h, q]);
    y = tf.add(y, betweenChunks({ b, c, q, h, p, n }, dtx, aCum, B, C));
  }

  const flat: Tensor4D = reshape(y, [b, c * q, h, p]);
  return padding === 0 ? flat : tf.slice(flat, [0, 0, 0, 0], [b, l, h, p]);
}

/** The recurrence, position by position: the definition the chunked algorithm is compared with. @internal */
export function ssdReference({ x, dt, A, B, C }: SsdInputs): Tensor4D {
  const [b, l, h, p] = x.shape;
  const n = B.shape[2];
  let state: Tensor4D = tf.zeros([b, h, p, n]);
  const outputs: Tensor[] = [];
  for (let i = 0; i < l; i++) {
    const dtNow = tf.slice(dt, [0, i, 0], [b, 1, h]);
    const decay = reshape(tf.exp(tf.mul(dtNow, A)), [b, h, 1, 1]);
    const input = tf.mul(reshape(tf.slice(x, [0, i, 0, 0], [b, 1, h, p]), [b, h, p, 1]), reshape(dtNow, [b, h, 1, 1]));
    const row = (tensor: Tensor3D) => reshape(tf.slice(tensor, [0, i, 0], [b, 1, n]), [b, 1, 1, n]);
    state = tf.add(tf.mul(state, decay), tf.mul(input, row(B)));
    outputs.push(tf.sum(tf.mul(state, row(C)), -1)); // (b, h, p)
  }
  return tf.stack(outputs, 1) as Tensor4D; // (b, l, h, p)
}

interface Sizes {
  b: number;
  c: number;
  q: number;
  h: number;
  p: number;
  n: number;
}

/** What all earlier chunks add: (b, c, q, h, p). */
function betweenChunks(sizes: Sizes, dtx: Tensor5D, aCum: Tensor4D, B: Tensor3D, C: Tensor3D): Tensor5D {
  const { b, c, q, h, p, n } = sizes;
  const total: Tensor4D = tf.slice(aCum, [0, 0, 0, q - 1], [b, c, h, 1]); // (b, c, h, 1) log decay over a chunk
  const toEnd = perPosition(tf.exp(tf.sub(total, aCum)));
  const weighted = reshape(tf.mul(dtx, toEnd), [b * c, q, h * p]);
  const states = batchMatMul(swapLast(B), weighted); // (b·c, n, h·p) what each chunk leaves behind

  const byChunk = reshape(tf.transpose(reshape(states, [b, c, n, h, p]), [0, 3, 1, 2, 4]), [b * h, c, n * p]);
  const decay = chunkDecay(reshape(tf.transpose(reshape(total, [b, c, h]), [0, 2, 1]), [b * h, c]));
  const entering = reshape(batchMatMul(decay, byChunk), [b, h, c, n, p]);
  const incoming = reshape(tf.transpose(entering, [0, 2, 3, 1, 4]), [b * c, n, h * p]);

  const read = reshape(batchMatMul(C, incoming), [b, c, q, h, p]);
  return tf.mul(read, perPosition(tf.exp(aCum)));

  function perPosition(values: Tensor4D): Tensor5D {
    return tf.expandDims(tf.transpose(values, [0, 1, 3, 2]), 4); // (b, c, h, q) → (b, c, q, h, 1)
  }
}

/** Decay from the end of chunk j to the start of chunk i, 0 unless j < i. *Shapes* total (m, c) → (m, c, c). */
function chunkDecay(total: Tensor2D): Tensor3D {
  const c = total.shape[1];
  const end = matMul(total, cumulative(c)); // inclusive sums
  const start = tf.sub(end, total);
  const mask = triangle(c, (i, j) => j < i);
  const difference = tf.sub(tf.expandDims(start, 2), tf.expandDims(end, 1));
  return tf.mul(tf.exp(tf.mul(difference, mask)), mask);
}

/** Multiplying by it from the right sums up to and including each column. */
function cumulative(size: number): Tensor2D {
  return triangle(size, (row, column) => row <= column);
}

function padTime<T extends Tensor>(tensor: T, padding: number): T {
  if (padding === 0) return tensor;
  return tf.pad(
    tensor,
    tensor.shape.map((_, axis): [number, number] => (axis === 1 ? [0, padding] : [0, 0])),
  );
}
