// Pre-norm transformer over all positions (no mask), exact GELU, scores *not* divided by sqrt(dimHead). Attention by plain
// products over one sequence's heads at a time; the (L, L) scores are kept for the backward pass.
import type { TransformerSpec } from '../../../model/recurrent/transformer';
import { LayerNorm, biasGradient } from './layerNorm';
import type { Sequences } from './mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import type { RowStack } from './rowStack';

interface SavedAttention {
  norm: LayerNorm;
  normed: bigint;
  qkv: bigint;
  weights: bigint;
  joined: bigint;
}
interface SavedFeedForward {
  norm: LayerNorm;
  normed: bigint;
  before: bigint;
  hidden: bigint;
}

const gelu = 2;

/** *Shapes* x (b·L, dModel) → the same. */
export class TransformerStack implements RowStack {
  readonly #saved: { attention: SavedAttention; feedForward: SavedFeedForward }[] = [];
  readonly #rows: number;
  readonly #dInner: number;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: TransformerSpec,
    readonly sequences: Sequences,
  ) {
    this.#rows = sequences.batch * sequences.length;
    this.#dInner = spec.nHeads * spec.dimHead;
  }

  forward(x: bigint): bigint {
    this.#saved.length = 0;
    for (let n = 0; n < this.spec.nLayers; n++) {
      const prefix = `model.transformer_forward.layers.${n}`;
      const [attended, attention] = this.#attention(`${prefix}.0`, x);
      const middle = this.#add(x, attended);
      const [changed, feedForward] = this.#feedForward(`${prefix}.1.net`, middle);
      x = this.#add(middle, changed);
      this.#saved.push({ attention, feedForward });
    }
    return x;
  }

  backward(dOut: bigint): bigint {
    // The residual stream's gradient stays in one buffer; each branch adds its own.
    for (const [n, { attention, feedForward }] of [...this.#saved.entries()].reverse()) {
      const prefix = `model.transformer_forward.layers.${n}`;
      this.queue.memory.scope(() => this.#feedForwardBackward(`${prefix}.1.net`, dOut, feedForward));
      this.queue.memory.scope(() => this.#attentionBackward(`${prefix}.0`, dOut, attention));
    }
    return dOut;
  }

  #attention(prefix: string, x: bigint): [bigint, SavedAttention] {
    const { queue, parameters, spec } = this;
    const { nHeads, dModel } = spec;
    const { batch, length } = this.sequences;
    const rows = this.#rows;
    const dInner = this.#dInner;
    const norm = new LayerNorm(queue, parameters, `${prefix}.norm`, rows, dModel);
    const normed = norm.forward(x);
    const qkv = queue.take('queries, keys and values', rows * 3 * dInner);
    queue.linear(normed, parameters.matrix(`${prefix}.to_qkv.weight`), qkv, {
      rows,
      inputs: dModel,
      outputs: 3 * dInner,
    });
    const weights = queue.take('attention weights', batch * nHeads * length * length);
    const joined = queue.take('attention outputs', rows * dInner);
    for (let b = 0; b < batch; b++) {
      const { q, k } = this.#parts(qkv, b);
      queue.multiply({ ...this.#scores(b, weights), ...this.#left(q), ...this.#rightTransposed(k) });
    }
    queue.launch('softmax', [batch * nHeads * length], [256], [weights, length]);
    for (let b = 0; b < batch; b++) {
      const { v } = this.#parts(qkv, b);
      const c = queue.at(joined, b * length * dInner);
      queue.multiply(
        this.#product('weights', { a: this.#weightsOf(weights, b), b: v, ldb: 3 * dInner, c, ldc: dInner }),
      );
    }
    const saved = { norm, normed, qkv, weights, joined };
    if (dInner === dModel) return [joined, saved];
    const out = queue.take('attention outputs', rows * dModel);
    queue.linear(joined, parameters.matrix(`${prefix}.to_out.weight`), out, { rows, inputs: dInner, outputs: dModel });
    return [out, saved];
  }

  #attentionBackward(prefix: string, dx: bigint, saved: SavedAttention): void {
    const { queue, parameters, spec } = this;
    const { nHeads, dModel } = spec;
    const { batch, length } = this.sequences;
    const rows = this.#rows;
    const dInner = this.#dInner;
    let dJoined = dx;
    if (dInner !== dModel) {
      const name = `${prefix}.to_out.weight`;
      const shape = { rows, inputs: dInner, outputs: dModel };
      const gradient = parameters.gradient(name);
      dJoined = queue.take('gradients', rows * dInner);
      queue.linearWeightGradient(dx, saved.joined, gradient.pointer, gradient.element, shape);
      queue.linearInputGradient(dx, parameters.matrix(name), dJoined, shape);
      parameters.finish(queue, name);
    }
    const dQkv = queue.take('gradients', rows * 3 * dInner);
    const dScores = queue.take('gradients of scores', batch * nHeads * length * length);
    for (let b = 0; b < batch; b++) {
      const dOut = queue.at(dJoined, b * length * dInner);
      const { v } = this.#parts(saved.qkv, b);
      queue.multiply({ ...this.#scores(b, dScores), a: dOut, lda: dInner, ...this.#rightTransposed(v) });
      const w = this.#weightsOf(saved.weights, b);
      const to = this.#parts(dQkv, b);
      queue.multiply(this.#product('weightsTransposed', { a: w, b: dOut, ldb: dInner, c: to.v, ldc: 3 * dInner }));
    }
    queue.launch('softmaxBackward', [batch * nHeads * length], [256], [saved.weights, dScores, length]);
    for (let b = 0; b < batch; b++) {
      const from = this.#parts(saved.qkv, b);
      const to = this.#parts(dQkv, b);
      const a = this.#weightsOf(dScores, b);
      queue.multiply(this.#product('weights', { a, b: from.k, ldb: 3 * dInner, c: to.q, ldc: 3 * dInner }));
      queue.multiply(this.#product('weightsTransposed', { a, b: from.q, ldb: 3 * dInner, c: to.k, ldc: 3 * dInner }));
    }
    const name = `${prefix}.to_qkv.weight`;
    const shape = { rows, inputs: dModel, outputs: 3 * dInner };
    const gradient = parameters.gradient(name);
    queue.linearWeightGradient(dQkv, saved.normed, gradient.pointer, gradient.element, shape);
    const dNormed = queue.take('gradients', rows * dModel);
    queue.linearInputGradient(dQkv, parameters.matrix(name), dNormed, shape);
    parameters.finish(queue, name);
    saved.norm.backward(dNormed, dx, true);
  }

  #feedForward(prefix: string, x: bigint): [bigint, SavedFeedForward] {
    const { queue, parameters, spec } = this;
    const { dModel, dimFeedforward } = spec;
    const rows = this.#rows;
    const norm = new LayerNorm(queue, parameters, `${prefix}.0`, rows, dModel);
    const normed = norm.forward(x);
    const before = queue.take('feed-forward', rows * dimFeedforward);
    const hidden = queue.take('feed-forward', rows * dimFeedforward);
    const out = queue.take('feed-forward', rows * dModel);
    queue.linear(normed, parameters.matrix(`${prefix}.1.weight`), before, {
      rows,
      inputs: dModel,
      outputs: dimFeedforward,
    });
    const count = rows * dimFeedforward;
    const bias = parameters.value(`${prefix}.1.bias`);
    queue.each('addBias', count, [before, bias, hidden, before, BigInt(count), dimFeedforward, gelu]);
    queue.linear(hidden, parameters.matrix(`${prefix}.3.weight`), out, {
      rows,
      inputs: dimFeedforward,
      outputs: dModel,
    });
    const bias3 = parameters.value(`${prefix}.3.bias`);
    queue.each('addBias', rows * dModel, [out, bias3, out, 0n, BigInt(rows * dModel), dModel, 0]);
    return [out, { norm, normed, before, hidden }];
  }

  #feedForwardBackward(prefix: string, dx: bigint, saved: SavedFeedForward): void {
    const { queue, parameters, spec } = this;
    const { dModel, dimFeedforward } = spec;
    const rows = this.#rows;
    const dHidden = queue.take('gradients', rows * dimFeedforward);
    const dNormed = queue.take('gradients', rows * dModel);
    const back = (name: string, dy: bigint, x: bigint, to: bigint, inputs: number, outputs: number) => {
      const gradient = parameters.gradient(`${name}.weight`);
      queue.linearWeightGradient(dy, x, gradient.pointer, gradient.element, { rows, inputs, outputs });
      biasGradient(queue, parameters, `${name}.bias`, dy, rows, outputs);
      queue.linearInputGradient(dy, parameters.matrix(`${name}.weight`), to, { rows, inputs, outputs });
      parameters.finish(queue, `${name}.weight`);
    };
    back(`${prefix}.3`, dx, saved.hidden, dHidden, dimFeedforward, dModel);
    const count = rows * dimFeedforward;
    queue.each('activationBackward', count, [dHidden, saved.before, BigInt(count), gelu]);
    back(`${prefix}.1`, dHidden, saved.normed, dNormed, dModel, dimFeedforward);
    saved.norm.backward(dNormed, dx, true);
  }

  #add(a: bigint, b: bigint): bigint {
    const count = this.#rows * this.spec.dModel;
    const out = this.queue.take('residual stream', count);
    this.queue.each('addArrays', count, [a, b, out, BigInt(count)]);
    return out;
  }

  /** Queries, keys and values of one sequence; heads side by side in a row. */
  #parts(qkv: bigint, b: number): { q: bigint; k: bigint; v: bigint } {
    const dInner = this.#dInner;
    const at = (part: number) => this.queue.at(qkv, b * this.sequences.length * 3 * dInner + part * dInner);
    return { q: at(0), k: at(1), v: at(2) };
  }

  #weightsOf(weights: bigint, b: number): bigint {
    return this.queue.at(weights, b * this.spec.nHeads * this.sequences.length ** 2);
  }

  /** The scores' side of score = left · rightᵀ for all heads of sequence b. */
  #scores(b: number, scores: bigint) {
    const { length } = this.sequences;
    const { nHeads, dimHead } = this.spec;
    const batch = { count: nHeads, strideA: dimHead, strideB: dimHead, strideC: length * length };
    return { m: length, n: length, k: dimHead, c: this.#weightsOf(scores, b), ldc: length, batch };
  }

  #left(a: bigint) {
    return { a, lda: 3 * this.#dInner };
  }

  #rightTransposed(b: bigint) {
    return { b, ldb: 3 * this.#dInner, transposeB: true };
  }

  /** (L, L) weights or their transpose times (L, dimHead) rows, for all heads. */
  #product(kind: 'weights' | 'weightsTransposed', at: { a: bigint; b: bigint; ldb: number; c: bigint; ldc: number }) {
    const { length } = this.sequences;
    const { nHeads, dimHead } = this.spec;
    const batch = { count: nHeads, strideA: length * length, strideB: dimHead, strideC: dimHead };
    return { m: length, n: dimHead, k: length, lda: length, transposeA: kind === 'weightsTransposed', batch, ...at };
  }
}
