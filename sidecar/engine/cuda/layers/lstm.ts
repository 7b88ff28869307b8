// Stacked LSTM, gates i f g o, state from zero. Input products are made for all positions at once; the recurrent ones
// position after position, which a captured graph makes cheap to queue.
import type { LstmSpec } from '../../../model/recurrent/lstm';
import type { Sequences } from './mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import type { RowStack } from './rowStack';

/** *Shapes* x (b·L, dModel) → the same. */
export class LstmStack implements RowStack {
  readonly #saved: { x: bigint; gates: bigint; cell: bigint; hidden: bigint }[] = [];

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: LstmSpec,
    readonly sequences: Sequences,
  ) {}

  forward(x: bigint): bigint {
    const { queue, parameters, spec } = this;
    const { batch, length } = this.sequences;
    const width = spec.dModel;
    const rows = batch * length;
    this.#saved.length = 0;
    for (let n = 0; n < spec.nLayers; n++) {
      const name = (part: string) => `model.lstm_forward.${part}_l${n}`;
      const gates = queue.take('LSTM gates', rows * 4 * width);
      const cell = queue.takeFloats('LSTM cells', rows * width);
      const hidden = queue.take('LSTM outputs', rows * width);
      queue.linear(x, parameters.matrix(name('weight_ih')), gates, { rows, inputs: width, outputs: 4 * width });
      const recurrent = parameters.matrix(name('weight_hh'));
      const biases = [parameters.value(name('bias_ih')), parameters.value(name('bias_hh'))];
      for (let l = 0; l < length; l++) {
        if (l > 0) {
          queue.linear(queue.at(hidden, (l - 1) * width), recurrent, queue.at(gates, l * 4 * width), {
            rows: batch,
            inputs: width,
            outputs: 4 * width,
            ldx: length * width,
            ldy: length * 4 * width,
            beta: 1,
          });
        }
        queue.each('lstmCell', batch * width, [gates, ...biases, cell, hidden, length, l, batch, width]);
      }
      this.#saved.push({ x, gates, cell, hidden });
      x = hidden;
    }
    return x;
  }

  backward(dOut: bigint): bigint {
    const { queue, parameters, spec } = this;
    const { batch, length } = this.sequences;
    const width = spec.dModel;
    const rows = batch * length;
    const dx = queue.take('gradients', rows * width);
    const dRecurrent = queue.take('gradients', batch * width);
    const dCell = queue.takeFloats('gradients', batch * width);
    for (const [n, { x, gates, cell, hidden }] of [...this.#saved.entries()].reverse()) {
      const name = (part: string) => `model.lstm_forward.${part}_l${n}`;
      const recurrent = parameters.matrix(name('weight_hh'));
      for (let l = length - 1; l >= 0; l--) {
        queue.each('lstmCellBackward', batch * width, [gates, cell, dOut, dRecurrent, dCell, length, l, batch, width]);
        if (l > 0) {
          queue.linearInputGradient(queue.at(gates, l * 4 * width), recurrent, dRecurrent, {
            rows: batch,
            inputs: width,
            outputs: 4 * width,
            lddy: length * 4 * width,
          });
        }
      }
      const shape = { rows, inputs: width, outputs: 4 * width };
      const fromInput = parameters.gradient(name('weight_ih'));
      queue.linearWeightGradient(gates, x, fromInput.pointer, fromInput.element, shape);
      queue.linearInputGradient(gates, parameters.matrix(name('weight_ih')), dx, shape);
      parameters.finish(queue, name('weight_ih'));
      // Position l's gates meet the hidden state of l - 1: one product a sequence, over length - 1 positions.
      const fromHidden = parameters.gradient(name('weight_hh'));
      for (let b = 0; b < batch && length > 1; b++) {
        const dy = queue.at(gates, (b * length + 1) * 4 * width);
        const before = queue.at(hidden, b * length * width);
        const perSequence = { rows: length - 1, inputs: width, outputs: 4 * width, beta: b === 0 ? 0 : 1 } as const;
        queue.linearWeightGradient(dy, before, fromHidden.pointer, fromHidden.element, perSequence);
      }
      parameters.finish(queue, name('weight_hh'));
      const biases = ['bias_ih', 'bias_hh'].map(part => parameters.gradient(name(part)).pointer) as [bigint, bigint];
      queue.columnSums(gates, 4 * width, rows, 4 * width, ...biases);
      dOut = dx;
    }
    return dx;
  }
}
