// The contract's Model on the backend of this very thread: weights and optimizer moments are tensors of the device. For
// backends that cannot or need not be spread over workers (cpu, webgpu, tensorflow); wasm uses parallelModel.ts.
import { initialWeights } from '../../model/initialValues';
import type { ModelSpec } from '../../model/modelSpec';
import type { NamedArrays } from '../../util/namedArrays';
import { parameterInventory } from '../../model/parameterInventory';
import { createSchedule, type Schedule } from '../../model/schedule';
import type { Conditioning, Model, OpenOptions, SampleRequest, StepHyper, TrainingBatch } from '../engine';
import { adamWTensors, type AdamWTensors } from './adamW';
import { batchPrototypes, countOf, inBatchOrder, sampleRows, sliceConditioning } from './inference';
import { checkOptimizerState, checkWeights } from './mismatch';
import { disposePass, Network, type PassResult } from './network';
import { createTfRecurrent } from './recurrent/registry';
import { takeShard } from './shard';
import { createTfConvStack } from './stack/tfConvStack';
import { tf, useBackend, type Tensor } from './tf';

type Moments = Pick<AdamWTensors, 'expAvg' | 'expAvgSq'>;

/** Opens a model with seeded initial weights on a backend that is registered and current. */
export function openLocalModel(spec: ModelSpec, options: OpenOptions, backend: string, description: string): Model {
  const network = new Network(spec, (s, weights) => ({
    stack: createTfConvStack(s, weights),
    recurrent: createTfRecurrent(s.recurrent, weights),
  }));
  network.write(initialWeights(spec, options.seed, options.positionEmbedding ?? null));
  return new LocalModel(network, backend, description);
}

class LocalModel implements Model {
  readonly #schedule: Schedule;
  readonly #moments: Moments[];
  #peakBytes = 0;

  constructor(
    readonly network: Network,
    readonly backend: string,
    readonly description: string,
  ) {
    this.#schedule = createSchedule(network.spec.diffusion);
    this.#moments = network.trained.map(({ shape }) => ({
      expAvg: tf.keep(tf.zeros([...shape])),
      expAvgSq: tf.keep(tf.zeros([...shape])),
    }));
  }

  async step(batch: TrainingBatch, hyper: StepHyper): Promise<{ loss: number }> {
    await this.#enter();
    const pass = this.#pass(batch);
    pass.gradients.forEach((gradient, i) => this.#update(i, gradient, hyper));
    this.network.updateRunningStatistics(pass.statistics);
    const [loss] = await pass.loss.data();
    disposePass(pass);
    return { loss: loss! };
  }

  async gradients(batch: TrainingBatch): ReturnType<Model['gradients']> {
    await this.#enter();
    const { spec, trained, weights } = this.network;
    const shard = takeShard(spec, this.#schedule, batch, 0, 1);
    const pass = this.network.pass(shard);
    const gradients: NamedArrays = new Map();
    for (const entry of weights.inventory.filter(e => e.trainable)) {
      const index = trained.indexOf(entry);
      const tensor = index < 0 ? tf.zeros([...entry.shape]) : pass.gradients[index]!;
      gradients.set(entry.name, { shape: entry.shape, data: (await tensor.data<'float32'>()).slice() });
      if (index < 0) tensor.dispose();
    }
    const result = {
      loss: (await pass.loss.data())[0]!,
      gradients,
      prototypes: await batchPrototypes(this, spec, batch),
      predictedNoise: pass.predictedNoise && inBatchOrder(await pass.predictedNoise.data<'float32'>(), shard.places),
    };
    disposePass(pass);
    return result;
  }

  async prototypes(conditioning: Conditioning): Promise<Float32Array> {
    await this.#enter();
    const count = countOf(this.network.spec, conditioning);
    const prototypes = this.network.prototypes(sliceConditioning(this.network.spec, conditioning, 0, count));
    const values = (await prototypes.data<'float32'>()).slice();
    prototypes.dispose();
    return values;
  }

  async sample(request: SampleRequest): Promise<Float32Array> {
    await this.#enter();
    return sampleRows(this.network, request, 0, request.count * this.network.spec.nTokens);
  }

  async readWeights(): Promise<NamedArrays> {
    return this.network.weights.read();
  }

  async writeWeights(weights: NamedArrays): Promise<void> {
    await this.#enter();
    checkWeights(parameterInventory(this.network.spec), weights);
    this.network.write(weights);
  }

  async readOptimizerState(): Promise<NamedArrays> {
    const state: NamedArrays = new Map();
    for (const [i, { name, shape }] of this.network.trained.entries()) {
      const { expAvg, expAvgSq } = this.#moments[i]!;
      state.set(`exp_avg.${name}`, { shape, data: (await expAvg.data<'float32'>()).slice() });
      state.set(`exp_avg_sq.${name}`, { shape, data: (await expAvgSq.data<'float32'>()).slice() });
    }
    return state;
  }

  async writeOptimizerState(state: NamedArrays): Promise<void> {
    await this.#enter();
    checkOptimizerState(this.network.trained, state);
    this.network.trained.forEach(({ name, shape }, i) => {
      const tensor = (key: string) => tf.keep(tf.tensor(state.get(`${key}.${name}`)!.data, [...shape]));
      this.#replaceMoments(i, { expAvg: tensor('exp_avg'), expAvgSq: tensor('exp_avg_sq') });
    });
  }

  memory(): { bytes: number; peakBytes: number } {
    const bytes = tf.memory().numBytes;
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    return { bytes, peakBytes: this.#peakBytes };
  }

  async dispose(): Promise<void> {
    await this.#enter();
    this.network.dispose();
    this.#moments.forEach(({ expAvg, expAvgSq }) => tf.dispose([expAvg, expAvgSq]));
  }

  /** Another model may have made its backend the thread's current one since. */
  async #enter(): Promise<void> {
    if (tf.getBackend() !== this.backend) await useBackend(this.backend);
  }

  #pass(batch: TrainingBatch): PassResult {
    const pass = this.network.pass(takeShard(this.network.spec, this.#schedule, batch, 0, 1));
    this.memory();
    return pass;
  }

  #update(i: number, gradient: Tensor, hyper: StepHyper): void {
    const { name } = this.network.trained[i]!;
    const state = { parameter: this.network.weights.get(name), ...this.#moments[i]! };
    const next = adamWTensors(state, gradient, hyper);
    this.network.weights.set(name, next.parameter);
    this.#replaceMoments(i, next);
  }

  #replaceMoments(i: number, { expAvg, expAvgSq }: Moments): void {
    tf.dispose([this.#moments[i]!.expAvg, this.#moments[i]!.expAvgSq]);
    this.#moments[i] = { expAvg: tf.keep(expAvg), expAvgSq: tf.keep(expAvgSq) };
  }
}
