// The contract's Model spread over worker threads by data: every worker has the whole model and a share of the token rows.
// Exact, not approximate: batch statistics are those of the whole batch, gradients are summed in the workers' order, and
// AdamW runs once, each worker on its slice of the shared parameters. The main thread only asks, sums losses and copies.
import { nativeTitle } from '../kernel/nativeKernel';
import { initialWeights } from '../../../model/initialValues';
import type { ModelSpec } from '../../../model/modelSpec';
import { elementCount, type NamedArrays } from '../../../util/namedArrays';
import { denoiserLayers, parameterInventory, trainedEntries } from '../../../model/parameterInventory';
import { internalError, throwIfCancelled } from '../../../util/rpgError';
import type { Conditioning, Model, OpenOptions, SampleRequest, StepHyper, TrainingBatch } from '../../engine';
import { batchPrototypes, countOf, inBatchOrder } from '../inference';
import { checkOptimizerState, checkWeights } from '../mismatch';
import type { SampleTask, WorkerData } from './messages';
import { allocateShared, flatOffsets, SharedState } from './sharedState';
import { WorkerPool } from './workerPool';

/** Opens a model with seeded initial weights. More workers than rows in a step would have nothing to do: fewer are started. */
export async function openParallelModel(
  spec: ModelSpec,
  options: OpenOptions,
  kernel: WorkerData['kernel'],
): Promise<Model> {
  const widest = spec.denoiser ? Math.max(...denoiserLayers(spec.denoiser).map(layer => layer.outChannels)) : 0;
  const nWorkers = Math.max(1, Math.min(options.workers, spec.rowsPerStep));
  const { length } = flatOffsets(trainedEntries(parameterInventory(spec)));
  const shared = allocateShared(nWorkers, length, widest);
  const pool = await WorkerPool.start({ spec, shared, kernel });
  const model = new ParallelModel(
    spec,
    pool,
    new SharedState(shared, 0),
    kernel === 'wasm' ? 'WebAssembly SIMD' : nativeTitle(),
  );
  await model.writeWeights(initialWeights(spec, options.seed, options.positionEmbedding ?? null));
  return model;
}

class ParallelModel implements Model {
  readonly description: string;
  readonly #inventory;
  readonly #trained;
  readonly #offsets: readonly number[];
  #bytes = 0;
  #peakBytes = 0;

  constructor(
    readonly spec: ModelSpec,
    readonly pool: WorkerPool,
    readonly state: SharedState,
    kernelTitle: string,
  ) {
    this.#inventory = parameterInventory(spec);
    this.#trained = trainedEntries(this.#inventory);
    this.#offsets = flatOffsets(this.#trained).offsets;
    this.description = `portable engine, ${kernelTitle}, ${pool.size} ${pool.size === 1 ? 'worker' : 'workers'}`;
  }

  async step(batch: TrainingBatch, hyper: StepHyper): Promise<{ loss: number }> {
    this.#checkRows(batch);
    const parts = await this.pool.askAll('step', { batch, hyper });
    if (this.#bytes === 0) await this.#measureMemory(); // the first step allocates everything
    return { loss: parts.reduce((sum, part) => sum + part.loss, 0) };
  }

  async gradients(batch: TrainingBatch): ReturnType<Model['gradients']> {
    this.#checkRows(batch);
    const { spec, state } = this;
    const parts = await this.pool.askAll('gradients', batch);
    const gradients: NamedArrays = new Map();
    for (const entry of this.#inventory.filter(e => e.trainable)) {
      const index = this.#trained.indexOf(entry);
      const data = new Float32Array(elementCount(entry.shape));
      if (index >= 0) {
        const offset = this.#offsets[index]!;
        data.forEach((_, i) => (data[i] = state.gradients.reduce((sum, part) => sum + part[offset + i]!, 0)));
      }
      gradients.set(entry.name, { shape: entry.shape, data });
    }
    const prototypes = await batchPrototypes(this, spec, batch);
    const predictedNoise = spec.denoiser ? new Float32Array(batch.rows.length * spec.dimPerToken) : null;
    for (const part of parts) {
      if (predictedNoise && part.predictedNoise) inBatchOrder(part.predictedNoise, part.places, predictedNoise);
    }
    return { loss: parts.reduce((sum, part) => sum + part.loss, 0), gradients, prototypes, predictedNoise };
  }

  async prototypes(conditioning: Conditioning): Promise<Float32Array> {
    return joined(
      await this.#split(countOf(this.spec, conditioning), (worker, from, to) =>
        this.pool.ask(worker, 'prototypes', { conditioning, from, to }),
      ),
    );
  }

  async sample(request: SampleRequest): Promise<Float32Array> {
    const { count, conditioning, plan, noise, signal } = request;
    throwIfCancelled(signal, 'Sampling');
    const cancel = () => void this.pool.askAll('cancel', undefined);
    const fractions = new Float64Array(this.pool.size).fill(1);
    this.pool.onProgress((worker, fraction) => {
      fractions[worker] = fraction;
      request.onProgress?.(Math.min(...fractions)); // the slowest worker's: it decides when all is done
    });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const parts = await this.#split(count * this.spec.nTokens, (worker, from, to) => {
        fractions[worker] = 0;
        const task: SampleTask = { count, conditioning, plan, noise, from, to };
        return this.pool.ask(worker, 'sample', task);
      });
      throwIfCancelled(signal, 'Sampling'); // told during the last step
      return joined(parts);
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.pool.onProgress(undefined);
    }
  }

  async readWeights(): Promise<NamedArrays> {
    const buffers = await this.pool.ask(0, 'buffers', undefined); // the same bits in every worker
    const parameters = this.#named(this.state.parameters);
    return new Map(this.#inventory.map(({ name }) => [name, parameters.get(name) ?? buffers.get(name)!]));
  }

  async writeWeights(weights: NamedArrays): Promise<void> {
    checkWeights(this.#inventory, weights);
    this.#trained.forEach(({ name }, i) => this.state.parameters.set(weights.get(name)!.data, this.#offsets[i]));
    await this.pool.askAll('write', weights);
  }

  async readOptimizerState(): Promise<NamedArrays> {
    const expAvg = this.#named(this.state.expAvg);
    const expAvgSq = this.#named(this.state.expAvgSq);
    const state: NamedArrays = new Map();
    for (const { name } of this.#trained) {
      state.set(`exp_avg.${name}`, expAvg.get(name)!);
      state.set(`exp_avg_sq.${name}`, expAvgSq.get(name)!);
    }
    return state;
  }

  async writeOptimizerState(state: NamedArrays): Promise<void> {
    checkOptimizerState(this.#trained, state);
    this.#trained.forEach(({ name }, i) => {
      this.state.expAvg.set(state.get(`exp_avg.${name}`)!.data, this.#offsets[i]);
      this.state.expAvgSq.set(state.get(`exp_avg_sq.${name}`)!.data, this.#offsets[i]);
    });
  }

  memory(): { bytes: number; peakBytes: number } {
    return { bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  async dispose(): Promise<void> {
    await this.pool.dispose();
  }

  async #measureMemory(): Promise<void> {
    const parts = await this.pool.askAll('memory', undefined);
    this.#bytes = parts.reduce((sum, part) => sum + part, this.state.buffers.values.byteLength);
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
  }

  #checkRows(batch: TrainingBatch): void {
    if (batch.rows.length < this.pool.size) {
      throw internalError('too-few-rows', `${batch.rows.length} token rows for ${this.pool.size} workers`);
    }
  }

  /** Cuts [0, total) into one range per worker and asks those whose range is not empty. */
  #split(
    total: number,
    ask: (worker: number, from: number, to: number) => Promise<Float32Array>,
  ): Promise<Float32Array[]> {
    const n = this.pool.size;
    const ranges = Array.from(
      { length: n },
      (_, w) => [Math.floor((total * w) / n), Math.floor((total * (w + 1)) / n)] as const,
    );
    return Promise.all(ranges.flatMap(([from, to], worker) => (from < to ? [ask(worker, from, to)] : [])));
  }

  /** Copies of a flat array's parts by name. */
  #named(flat: Float32Array): NamedArrays {
    return new Map(
      this.#trained.map(({ name, shape }, i) => {
        const offset = this.#offsets[i]!;
        return [name, { shape, data: flat.slice(offset, offset + elementCount(shape)) }];
      }),
    );
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
