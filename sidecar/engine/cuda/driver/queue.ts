// The queue a model puts its work on: kernels by name, matrix products, clears and copies, in order, on one card's stream.
// The same calls serve three purposes: planning (nothing is launched, memory is counted), running, and being captured.
// Kernels that exist for both element types are named `kernel_f32` and `kernel_bf16`; callers leave the suffix out.
import type { CublasLt, ElementType, Product } from './cublasLt';
import type { CudaDevice, Grid, KernelArgument } from './driver';
import type { MemoryPlan } from '../memory/memoryPlan';

export const elementBytes = { f32: 4, bf16: 2 } as const;

/** Parts of a step that are timed apart: what `rpg bench` reports. */
export type Part = 'recurrent' | 'denoiser' | 'optimizer';

/** A measured kernel or product: its name and time. */
export interface Timing {
  readonly part: Part;
  readonly name: string;
  readonly ms: number;
}

/** Rough speeds, only to tell how long work beside products lasts. *Units* operations and bytes a millisecond. */
const productSpeed = 0.65e12;
const besideSpeedOfBlock = 57e6;

export class Queue {
  /** Floating-point operations of the matrix products and convolutions queued so far. */
  operations = 0;
  /** Milliseconds of work beside the stream that may still run, as estimated. */
  #besideMs = 0;
  #part: Part = 'recurrent';
  #events: { part: Part; name: string; event: bigint }[] | null = null;

  constructor(
    readonly device: CudaDevice,
    readonly products: CublasLt | null,
    /** Type of activations and of the weights that matrix products read. */
    readonly element: ElementType,
    readonly memory: MemoryPlan,
    private readonly planning: boolean,
  ) {}

  /** Kernels that use Hopper's own instructions may be chosen. RPG_CUDA_PLAIN=1 (a debug variable) leaves them out. */
  get hopper(): boolean {
    return this.element === 'bf16' && this.device.facts.capability === 90 && process.env.RPG_CUDA_PLAIN !== '1';
  }

  /** Bytes of `count` activations. */
  bytes(count: number): number {
    return count * elementBytes[this.element];
  }

  /** `pointer` moved by `count` activations. */
  at(pointer: bigint, count: number): bigint {
    return pointer + BigInt(count * elementBytes[this.element]);
  }

  /** Scratch for `count` activations. */
  take(name: string, count: number): bigint {
    return this.memory.take(name, this.bytes(count));
  }

  /** Scratch for `count` float32 values. */
  takeFloats(name: string, count: number): bigint {
    return this.memory.take(name, count * 4);
  }

  part(part: Part): void {
    this.#part = part;
  }

  /** A kernel with the suffix of the element type. */
  launch(kernel: string, grid: Grid, block: Grid, args: readonly KernelArgument[], sharedBytes = 0): void {
    this.launchExact(`${kernel}_${this.element}`, grid, block, args, sharedBytes);
  }

  /** A kernel by its whole name. */
  launchExact(kernel: string, grid: Grid, block: Grid, args: readonly KernelArgument[], sharedBytes = 0): void {
    if (this.planning) return;
    this.device.launch(kernel, grid, block, sharedBytes, args);
    this.#mark(kernel);
  }

  /** One thread an element, blocks of 256. */
  each(kernel: string, count: number, args: readonly KernelArgument[]): void {
    this.launch(kernel, [Math.ceil(count / 256)], [256], args);
  }

  /** A matrix product; see `Product`. Without cuBLASLt, or where it has no algorithm, our own kernel. */
  multiply(product: Omit<Product, 'input' | 'output'> & { output?: ElementType }): void {
    const full: Product = { ...product, input: this.element, output: product.output ?? this.element };
    this.operations += 2 * full.m * full.n * full.k * (full.batch?.count ?? 1);
    // Blocks of a product that found no multiprocessor free would run after all others: it is planned for those that are.
    const shares =
      this.#besideMs > 0.2 ? { multiprocessors: this.device.facts.multiprocessors - this.besideBlocks } : {};
    this.#besideMs -= (2 * full.m * full.n * full.k * (full.batch?.count ?? 1)) / productSpeed;
    if (this.planning) return;
    if (!this.products?.multiply({ ...full, ...shares })) this.#multiplyPlainly(full);
    this.#mark(`product ${full.m}×${full.n}×${full.k}`);
  }

  /** y (rows, outputs) = x (rows, inputs) · weightᵀ, weight (outputs, inputs) as stored. */
  linear(
    x: bigint,
    weight: bigint,
    y: bigint,
    shape: { rows: number; inputs: number; outputs: number; ldx?: number; ldy?: number; beta?: 0 | 1 },
  ): void {
    const { rows, inputs, outputs, ldx = inputs, ldy = outputs, beta = 0 } = shape;
    this.multiply({
      m: rows,
      n: outputs,
      k: inputs,
      a: x,
      lda: ldx,
      b: weight,
      ldb: inputs,
      transposeB: true,
      c: y,
      ldc: ldy,
      beta,
    });
  }

  /** dx (rows, inputs) = dy (rows, outputs) · weight. */
  linearInputGradient(
    dy: bigint,
    weight: bigint,
    dx: bigint,
    shape: { rows: number; inputs: number; outputs: number; lddy?: number; lddx?: number; beta?: 0 | 1 },
  ): void {
    const { rows, inputs, outputs, lddy = outputs, lddx = inputs, beta = 0 } = shape;
    this.multiply({ m: rows, n: inputs, k: outputs, a: dy, lda: lddy, b: weight, ldb: inputs, c: dx, ldc: lddx, beta });
  }

  /** dWeight (outputs, inputs) = dyᵀ · x. */
  linearWeightGradient(
    dy: bigint,
    x: bigint,
    dWeight: bigint,
    output: ElementType,
    shape: { rows: number; inputs: number; outputs: number; lddy?: number; ldx?: number; beta?: 0 | 1 },
  ): void {
    const { rows, inputs, outputs, lddy = outputs, ldx = inputs, beta = 0 } = shape;
    this.multiply({
      m: outputs,
      n: inputs,
      k: rows,
      a: dy,
      lda: lddy,
      transposeA: true,
      b: x,
      ldb: ldx,
      c: dWeight,
      ldc: inputs,
      output,
      beta,
    });
  }

  /** Multiprocessors for memory-bound work beside products; 0 on small cards. RPG_CUDA_BESIDE (a debug variable) sets it. */
  get besideBlocks(): number {
    if (this.#events) return 0; // every kernel is timed, one after the other
    const named = process.env.RPG_CUDA_BESIDE;
    if (named !== undefined) return Number(named);
    return this.device.facts.multiprocessors >= 100 ? 16 : 0;
  }

  /**
   * Queues memory-bound work beside what follows, by a few blocks; `join` before its memory is
   * used again. `bytes`: what `besideBlocks` blocks read and write meanwhile, so that products leave them room.
   */
  aside(lane: 0 | 1, bytes: number, enqueue: () => void): void {
    // While every kernel is timed, one after the other.
    if (this.planning || this.#events) {
      enqueue();
      return;
    }
    this.device.aside(lane, enqueue);
    if (bytes > 0) this.#besideMs = Math.max(0, this.#besideMs) + bytes / (besideSpeedOfBlock * this.besideBlocks);
  }

  /** What runs beside has ended by now, as far as one can tell: products need leave no room. */
  assumeBesideEnded(): void {
    this.#besideMs = 0;
  }

  join(lane: 0 | 1): void {
    if (!this.planning && !this.#events) this.device.join(lane);
  }

  clear(pointer: bigint, bytes: number): void {
    if (this.planning) return;
    this.device.clear(pointer, bytes);
    this.#mark('clear');
  }

  copy(to: bigint, from: bigint, bytes: number): void {
    if (this.planning) return;
    this.device.copy(to, from, bytes);
    this.#mark('copy');
  }

  /** out (width) float32 = column sums of (rows, width) activations at `pitch`; `alsoOut` gets the same. */
  columnSums(
    x: bigint,
    pitch: number,
    rows: number,
    width: number,
    out: bigint,
    alsoOut = 0n,
    element: ElementType = this.element,
  ): void {
    const splits = splitsFor(rows, width);
    if (splits === 1 && alsoOut === 0n) {
      this.launchExact(
        `columnSums_${element}`,
        [Math.ceil(width / 32)],
        [32, 16],
        [x, BigInt(pitch), out, rows, width],
      );
      return;
    }
    this.memory.scope(() => {
      const partial = this.takeFloats('partial sums', splits * width);
      const grid: Grid = [Math.ceil(width / 32), splits];
      this.launchExact(`columnSums_${element}`, grid, [32, 16], [x, BigInt(pitch), partial, rows, width]);
      this.sumPartials(partial, splits, width, out, alsoOut);
    });
  }

  /** out (width) = Σ of `splits` rows. */
  sumPartials(partial: bigint, splits: number, width: number, out: bigint, alsoOut = 0n): void {
    this.launchExact('sumPartials', [Math.ceil(width / 128)], [128], [partial, splits, BigInt(width), out, alsoOut]);
  }

  /** Runs `enqueue` and waits; afterwards every launch's time between its neighbours is known. Not while capturing. */
  async profile(enqueue: () => void): Promise<Timing[]> {
    const { driver, stream } = this.device;
    const record = (): bigint => {
      const event = driver.out64(out => driver.call('cuEventCreate', out, 0));
      driver.call('cuEventRecord', event, stream);
      return event;
    };
    const first = record();
    this.#events = [];
    this.#record = record;
    enqueue();
    const events = this.#events;
    this.#events = null;
    await this.device.settle();
    let before = first;
    const timings = events.map(({ part, name, event }) => {
      const bits = driver.out32(out => driver.call('cuEventElapsedTime', out, before, event));
      before = event;
      return { part, name, ms: new Float32Array(Int32Array.of(bits).buffer)[0]! };
    });
    for (const event of [first, ...events.map(e => e.event)]) driver.call('cuEventDestroy_v2', event);
    return timings;
  }

  #record: () => bigint = () => 0n;

  #mark(name: string): void {
    this.#events?.push({ part: this.#part, name, event: this.#record() });
  }

  #multiplyPlainly(p: Product): void {
    const [aRow, aColumn] = p.transposeA ? [1, p.lda] : [p.lda, 1];
    const [bRow, bColumn] = p.transposeB ? [1, p.ldb] : [p.ldb, 1];
    const long = (n: number) => BigInt(n);
    this.device.launch(
      `matmul_${p.input}_${p.output}`,
      [Math.ceil(p.n / 64), Math.ceil(p.m / 64), p.batch?.count ?? 1],
      [128],
      0,
      [
        ...[p.a, long(aRow), long(aColumn), long(p.batch?.strideA ?? 0)],
        ...[p.b, long(bRow), long(bColumn), long(p.batch?.strideB ?? 0)],
        ...[p.c, long(p.ldc), long(p.batch?.strideC ?? 0), p.m, p.n, p.k, p.beta ?? 0],
      ],
    );
  }
}

/** Row ranges of a column sum: enough blocks to fill a card, at least 16 rows each; a small sum is not worth a second kernel. */
export function splitsFor(rows: number, width: number): number {
  if (rows <= 512) return 1;
  return Math.max(1, Math.min(Math.ceil(rows / 16), Math.ceil(8192 / Math.ceil(width / 128)), 64));
}
