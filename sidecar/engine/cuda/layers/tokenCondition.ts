// The fuller task condition, one row for every token: linear, layer norm, linear, then along the width of the model a convolution
// 1 → L, group norm with one group, and a convolution L → L, both of 9 taps. Convolutions are products of unfolded columns; those
// of L channels are made for one sequence at a time, because they are nine times the size of their input.
import type { ModelSpec } from '../../../model/modelSpec';
import type { ConditionInputs, ConditionStage } from './conditionStage';
import { LayerNorm, biasGradient } from './layerNorm';
import type { LayerInput } from './mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';

const taps = 9;
const convolution = (part: string) => `to_condition_conv.${part}`;

interface Saved {
  bits: bigint;
  norm: LayerNorm;
  normed: bigint;
  /** (b·dModel, taps) */
  columns: bigint;
  /** (b, dModel, L) before and after the group norm. */
  spread: bigint;
  grouped: bigint;
  /** The group norm's weight and bias for every position, and its statistics. */
  weights: bigint;
  statistics: bigint;
}

export class TokenCondition implements ConditionStage {
  #saved: Saved | null = null;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: ModelSpec,
    readonly batch: number,
    readonly inputs: ConditionInputs,
  ) {}

  get inputRows(): number {
    return this.batch * this.spec.nTokens;
  }

  forward(): LayerInput {
    const { queue, parameters, spec, batch, inputs } = this;
    const { nTokens, dModel } = spec;
    const { dCondition, taskBits } = spec.condition;
    const all = batch * dModel * nTokens;
    const bits = queue.take('task bits', batch * taskBits);
    queue.each('convert', batch * taskBits, [inputs.task, bits, BigInt(batch * taskBits)]);
    const hidden = queue.take('task condition', batch * dCondition);
    this.#affine('get_condition.0', bits, hidden, batch, taskBits, dCondition);
    const norm = new LayerNorm(queue, parameters, 'get_condition.1', batch, dCondition);
    const normed = norm.forward(hidden);
    const wide = queue.take('task condition', batch * dModel);
    this.#affine('to_condition_linear', normed, wide, batch, dCondition, dModel);

    const columns = queue.take('condition columns', batch * dModel * taps);
    this.#unfold(wide, columns, batch, 1);
    const spread = queue.take('condition of every token', all);
    this.#affine(convolution('0'), columns, spread, batch * dModel, taps, nTokens);
    const grouped = queue.take('condition of every token', all);
    const statistics = queue.takeFloats('norm statistics', batch * 2);
    const weights = this.#repeatedNorm();
    const bias = weights + BigInt(dModel * nTokens * 4);
    queue.launch('layerNorm', [batch], [256], [spread, weights, bias, grouped, statistics, dModel * nTokens]);

    const x = queue.take('inputs', all);
    queue.memory.scope(() => {
      const condition = queue.take('condition of every token', all);
      for (let b = 0; b < batch; b++) {
        const at = b * dModel * nTokens;
        queue.memory.scope(() => {
          const unfolded = queue.take('condition columns', dModel * nTokens * taps);
          this.#unfold(queue.at(grouped, at), unfolded, 1, nTokens);
          this.#affine(convolution('2'), unfolded, queue.at(condition, at), dModel, nTokens * taps, nTokens);
        });
      }
      queue.each('addTokenCondition', all, [parameters.value('model.pe'), condition, x, BigInt(all), nTokens, dModel]);
    });
    this.#saved = { bits, norm, normed, columns, spread, grouped, weights, statistics };
    return { kind: 'full', x };
  }

  backward(dInput: bigint): void {
    const { queue, parameters, spec, batch } = this;
    const { nTokens, dModel } = spec;
    const { dCondition, taskBits } = spec.condition;
    const { bits, norm, normed, columns, spread, weights, statistics } = this.#saved!;
    const perSequence = dModel * nTokens;
    const all = batch * perSequence;
    if (spec.trainPositionEmbedding) {
      queue.columnSums(dInput, perSequence, batch, perSequence, parameters.gradient('model.pe').pointer);
    }
    queue.memory.scope(() => {
      const dGrouped = queue.take('gradients', all);
      queue.memory.scope(() => {
        const dTokens = queue.take('gradients', all);
        queue.each('tokenConditionGradient', all, [dInput, dTokens, BigInt(all), nTokens, dModel]);
        biasGradient(queue, parameters, `${convolution('2')}.bias`, dTokens, batch * dModel, nTokens);
        for (let b = 0; b < batch; b++) this.#convolutionBackward(b, dTokens, dGrouped);
      });

      const dSpread = queue.take('gradients', all);
      queue.memory.scope(() => {
        const sums = queue.takeFloats('partial sums', 2 * perSequence);
        const grid = [Math.ceil(perSequence / 128), 1] as const;
        queue.launch('layerNormWeightGradient', grid, [128], [dGrouped, spread, statistics, sums, batch, perSequence]);
        ['weight', 'bias'].forEach((part, i) => {
          const { pointer } = parameters.gradient(`${convolution('1')}.${part}`);
          queue.columnSums(sums + BigInt(i * perSequence * 4), nTokens, dModel, nTokens, pointer, 0n, 'f32');
        });
      });
      queue.launch(
        'layerNormBackward',
        [batch],
        [256],
        [dGrouped, spread, weights, statistics, dSpread, perSequence, 0],
      );

      const dColumns = queue.take('gradients', batch * dModel * taps);
      this.#affineBackward(convolution('0'), dSpread, columns, dColumns, batch * dModel, taps, nTokens);
      const dWide = queue.take('gradients', batch * dModel);
      queue.each('fold', batch * dModel, [dColumns, dWide, BigInt(batch * dModel), dModel, 1, taps]);
      const dNormed = queue.take('gradients', batch * dCondition);
      this.#affineBackward('to_condition_linear', dWide, normed, dNormed, batch, dCondition, dModel);
      const dHidden = queue.take('gradients', batch * dCondition);
      norm.backward(dNormed, dHidden, false);
      this.#affineBackward('get_condition.0', dHidden, bits, 0n, batch, taskBits, dCondition);
    });
  }

  /** The second convolution of one sequence: its columns are made again. */
  #convolutionBackward(b: number, dTokens: bigint, dGrouped: bigint): void {
    const { queue, parameters, spec } = this;
    const { nTokens, dModel } = spec;
    const count = dModel * nTokens;
    const name = `${convolution('2')}.weight`;
    const shape = { rows: dModel, inputs: nTokens * taps, outputs: nTokens };
    queue.memory.scope(() => {
      const unfolded = queue.take('condition columns', count * taps);
      this.#unfold(queue.at(this.#saved!.grouped, b * count), unfolded, 1, nTokens);
      const { pointer, element } = parameters.gradient(name);
      const dy = queue.at(dTokens, b * count);
      queue.linearWeightGradient(dy, unfolded, pointer, element, { ...shape, beta: b === 0 ? 0 : 1 });
      queue.linearInputGradient(dy, parameters.matrix(name), unfolded, shape); // the columns' gradient takes their place
      queue.each('fold', count, [unfolded, queue.at(dGrouped, b * count), BigInt(count), dModel, nTokens, taps]);
    });
  }

  #unfold(x: bigint, columns: bigint, batch: number, channels: number): void {
    const { dModel } = this.spec;
    const count = batch * dModel * channels * taps;
    this.queue.each('unfold', count, [x, columns, BigInt(count), dModel, channels, taps]);
  }

  /** (2, dModel, L) float32: the group norm's weight and bias, which are per token, at every position. */
  #repeatedNorm(): bigint {
    const { queue, parameters, spec } = this;
    const count = spec.dModel * spec.nTokens;
    const repeated = queue.takeFloats('condition norm', 2 * count);
    ['weight', 'bias'].forEach((part, i) =>
      queue.launchExact(
        'repeatVector',
        [Math.ceil(count / 256)],
        [256],
        [
          parameters.value(`${convolution('1')}.${part}`),
          repeated + BigInt(i * count * 4),
          BigInt(count),
          spec.nTokens,
        ],
      ),
    );
    return repeated;
  }

  #affine(name: string, x: bigint, y: bigint, rows: number, inputs: number, outputs: number): void {
    const { queue, parameters } = this;
    queue.linear(x, parameters.matrix(`${name}.weight`), y, { rows, inputs, outputs });
    const count = rows * outputs;
    queue.each('addBias', count, [y, parameters.value(`${name}.bias`), y, 0n, BigInt(count), outputs, 0]);
  }

  /** `dx` 0n: not wanted. */
  #affineBackward(
    name: string,
    dy: bigint,
    x: bigint,
    dx: bigint,
    rows: number,
    inputs: number,
    outputs: number,
  ): void {
    const { queue, parameters } = this;
    const { pointer, element } = parameters.gradient(`${name}.weight`);
    queue.linearWeightGradient(dy, x, pointer, element, { rows, inputs, outputs });
    biasGradient(queue, parameters, `${name}.bias`, dy, rows, outputs);
    if (dx !== 0n) queue.linearInputGradient(dy, parameters.matrix(`${name}.weight`), dx, { rows, inputs, outputs });
  }
}
