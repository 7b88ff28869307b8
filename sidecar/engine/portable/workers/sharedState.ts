// Memory that all workers of one model see: the trained parameters and their moments as flat arrays (one writer per slice),
// a gradient array per worker, and the meeting point where they wait for each other. SharedArrayBuffers cross postMessage
// by reference; everything here can be rebuilt from them in any thread.
import { elementCount } from '../../../util/namedArrays';
import type { ParameterEntry } from '../../../model/parameterEntry';
import { internalError } from '../../../util/rpgError';

/** What is sent to every worker once. */
export interface SharedBuffers {
  readonly nWorkers: number;
  /** float32: parameters, exp_avg, exp_avg_sq, then one gradient per worker, each `length` long. */
  readonly values: SharedArrayBuffer;
  readonly length: number;
  /** int32: arrived, generation, aborted. */
  readonly barrier: SharedArrayBuffer;
  /** float64: `exchangeLength` per worker. */
  readonly exchange: SharedArrayBuffer;
  readonly exchangeLength: number;
}

/** Values of one worker's part of a batch-norm sum: at most twice the widest layer, and a count. */
export function allocateShared(nWorkers: number, length: number, widestLayer: number): SharedBuffers {
  const exchangeLength = 2 * widestLayer + 1;
  return {
    nWorkers,
    length,
    values: new SharedArrayBuffer(4 * length * (3 + nWorkers)),
    barrier: new SharedArrayBuffer(12),
    exchange: new SharedArrayBuffer(8 * exchangeLength * nWorkers),
    exchangeLength,
  };
}

/** Looks at the barrier before a worker sleeps, about 100 µs. */
const spins = 20_000;

/** One thread's views. */
export class SharedState {
  readonly parameters: Float32Array;
  readonly expAvg: Float32Array;
  readonly expAvgSq: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly #barrier: Int32Array;
  readonly #exchange: readonly Float64Array[];

  constructor(
    readonly buffers: SharedBuffers,
    readonly worker: number,
  ) {
    const { values, length, nWorkers, exchange, exchangeLength } = buffers;
    const floats = (i: number) => new Float32Array(values, 4 * length * i, length);
    this.parameters = floats(0);
    this.expAvg = floats(1);
    this.expAvgSq = floats(2);
    this.gradients = Array.from({ length: nWorkers }, (_, i) => floats(3 + i));
    this.#barrier = new Int32Array(buffers.barrier);
    this.#exchange = Array.from(
      { length: nWorkers },
      (_, i) => new Float64Array(exchange, 8 * exchangeLength * i, exchangeLength),
    );
  }

  /**
   * Returns when every worker has called it as often.
   * *Errors* internal `worker-aborted` when another worker failed meanwhile.
   */
  meet(): void {
    const barrier = this.#barrier;
    const generation = Atomics.load(barrier, 1);
    if (Atomics.add(barrier, 0, 1) === this.buffers.nWorkers - 1) {
      Atomics.store(barrier, 0, 0);
      Atomics.add(barrier, 1, 1);
      Atomics.notify(barrier, 1);
    }
    // Workers arrive within microseconds of each other; sleeping and waking costs tens of them.
    for (let i = 0; i < spins && Atomics.load(barrier, 1) === generation; i++);
    while (Atomics.load(barrier, 1) === generation) {
      if (Atomics.load(barrier, 2) !== 0) throw internalError('worker-aborted', 'another worker failed');
      Atomics.wait(barrier, 1, generation, 1000);
    }
  }

  /** Sums an array over all workers, in place, in the order of the workers: the same bits everywhere. */
  allReduce(values: Float64Array): void {
    if (this.buffers.nWorkers === 1) return;
    this.#exchange[this.worker]!.set(values);
    this.meet();
    for (let i = 0; i < values.length; i++) {
      let sum = 0;
      for (const part of this.#exchange) sum += part[i]!;
      values[i] = sum;
    }
    this.meet(); // nobody overwrites its part before all have read it
  }

  /** Wakes everyone who waits; they fail. For good: the model is unusable afterwards. */
  abort(): void {
    Atomics.store(this.#barrier, 2, 1);
    Atomics.notify(this.#barrier, 1);
  }
}

/** Where each trained parameter lies in the flat arrays. */
export function flatOffsets(trained: readonly ParameterEntry[]): { offsets: readonly number[]; length: number } {
  const offsets: number[] = [];
  let length = 0;
  for (const { shape } of trained) {
    offsets.push(length);
    length += elementCount(shape);
  }
  return { offsets, length };
}
