// Layer norm and bias gradients on the queue: what several models share.
import type { Parameters } from '../memory/parameters';
import { splitsFor, type Queue } from '../driver/queue';

/** Layer norm of rows, with what its gradient needs. *Shapes* (rows, width). */
export class LayerNorm {
  #x = 0n;
  #statistics = 0n;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    /** `<prefix>.weight`, `<prefix>.bias` */
    readonly prefix: string,
    readonly rows: number,
    readonly width: number,
  ) {}

  /** x must stay until `backward`. */
  forward(x: bigint): bigint {
    const { queue, parameters, prefix, rows, width } = this;
    const out = queue.take('normed', rows * width);
    this.#x = x;
    this.#statistics = queue.takeFloats('norm statistics', rows * 2);
    const [weight, bias] = [parameters.value(`${prefix}.weight`), parameters.value(`${prefix}.bias`)];
    queue.launch('layerNorm', [rows], [256], [x, weight, bias, out, this.#statistics, width]);
    return out;
  }

  /** Weight and bias gradients, and dx; `add`: added to what dx holds (a residual connection). */
  backward(dOut: bigint, dx: bigint, add: boolean): void {
    const { queue, parameters, prefix, rows, width } = this;
    const weight = parameters.gradient(`${prefix}.weight`).pointer;
    const bias = parameters.gradient(`${prefix}.bias`).pointer;
    const splits = splitsFor(rows, width);
    queue.memory.scope(() => {
      const partial = queue.takeFloats('partial sums', splits * 2 * width);
      const sums = queue.takeFloats('partial sums', 2 * width);
      const grid = [Math.ceil(width / 128), splits] as const;
      queue.launch('layerNormWeightGradient', grid, [128], [dOut, this.#x, this.#statistics, partial, rows, width]);
      queue.sumPartials(partial, splits, 2 * width, sums);
      queue.copy(weight, sums, width * 4);
      queue.copy(bias, sums + BigInt(width * 4), width * 4);
    });
    const args = [dOut, this.#x, parameters.value(`${prefix}.weight`), this.#statistics, dx, width, add ? 1 : 0];
    queue.launch('layerNormBackward', [rows], [256], args);
  }
}

/** Gradient of a bias: column sums of (rows, width). */
export function biasGradient(
  queue: Queue,
  parameters: Parameters,
  name: string,
  dy: bigint,
  rows: number,
  width: number,
): void {
  queue.columnSums(dy, width, rows, width, parameters.gradient(name).pointer);
}
