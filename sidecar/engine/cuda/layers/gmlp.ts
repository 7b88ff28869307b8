// Gated MLP, the ablation without recurrence: y = layerNorm(proj_3(proj_1(x) · sigmoid(proj_2(x)))), layer after layer.
import type { GmlpSpec } from '../../../model/recurrent/gmlp';
import { LayerNorm, biasGradient } from './layerNorm';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import type { RowStack } from './rowStack';

interface Saved {
  x: bigint;
  a: bigint;
  b: bigint;
  gated: bigint;
  norm: LayerNorm;
}

/** *Shapes* x (rows, dModel) → the same. */
export class GmlpStack implements RowStack {
  readonly #saved: Saved[] = [];

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: GmlpSpec,
    readonly rows: number,
  ) {}

  forward(x: bigint): bigint {
    const { queue, parameters, rows } = this;
    const { dModel, nLayers, expand } = this.spec;
    const dInner = expand * dModel;
    const into = { rows, inputs: dModel, outputs: dInner };
    this.#saved.length = 0;
    for (let n = 0; n < nLayers; n++) {
      const name = (part: string) => `model.gmlp_forward.${n}.${part}`;
      const [a, b, gated] = [1, 2, 3].map(() => queue.take('gated MLP', rows * dInner)) as [bigint, bigint, bigint];
      queue.linear(x, parameters.matrix(name('proj_1.weight')), a, into);
      queue.linear(x, parameters.matrix(name('proj_2.weight')), b, into);
      queue.each('gateMultiply', rows * dInner, [a, b, gated, BigInt(rows * dInner)]);
      const mixed = queue.take('gated MLP', rows * dModel);
      queue.linear(gated, parameters.matrix(name('proj_3.weight')), mixed, { rows, inputs: dInner, outputs: dModel });
      const bias = parameters.value(name('proj_3.bias'));
      queue.each('addBias', rows * dModel, [mixed, bias, mixed, 0n, BigInt(rows * dModel), dModel, 0]);
      const norm = new LayerNorm(queue, parameters, name('layer_norm'), rows, dModel);
      this.#saved.push({ x, a, b, gated, norm });
      x = norm.forward(mixed);
    }
    return x;
  }

  backward(dOut: bigint): bigint {
    const { queue, parameters, rows } = this;
    const { dModel, expand } = this.spec;
    const dInner = expand * dModel;
    const into = { rows, inputs: dModel, outputs: dInner };
    const outOf = { rows, inputs: dInner, outputs: dModel };
    const [dMixed, dx] = [1, 2].map(() => queue.take('gradients', rows * dModel)) as [bigint, bigint];
    const [dGated, da, db] = [1, 2, 3].map(() => queue.take('gradients', rows * dInner)) as [bigint, bigint, bigint];
    for (const [n, { x, a, b, gated, norm }] of [...this.#saved.entries()].reverse()) {
      const name = (part: string) => `model.gmlp_forward.${n}.${part}`;
      const weightGradient = (part: string, dy: bigint, input: bigint, shape: typeof into) => {
        const gradient = parameters.gradient(name(part));
        queue.linearWeightGradient(dy, input, gradient.pointer, gradient.element, shape);
      };
      norm.backward(dOut, dMixed, false);
      biasGradient(queue, parameters, name('proj_3.bias'), dMixed, rows, dModel);
      weightGradient('proj_3.weight', dMixed, gated, outOf);
      queue.linearInputGradient(dMixed, parameters.matrix(name('proj_3.weight')), dGated, outOf);
      parameters.finish(queue, name('proj_3.weight'));
      queue.each('gateMultiplyBackward', rows * dInner, [dGated, a, b, da, db, BigInt(rows * dInner)]);
      weightGradient('proj_1.weight', da, x, into);
      queue.linearInputGradient(da, parameters.matrix(name('proj_1.weight')), dx, into);
      parameters.finish(queue, name('proj_1.weight'));
      weightGradient('proj_2.weight', db, x, into);
      queue.linearInputGradient(db, parameters.matrix(name('proj_2.weight')), dx, { ...into, beta: 1 });
      parameters.finish(queue, name('proj_2.weight'));
      dOut = dx;
    }
    return dx;
  }
}
