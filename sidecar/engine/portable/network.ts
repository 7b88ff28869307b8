// One model on the current backend of this thread: weights, forward, gradients and sampling of a share of the work. Knows
// nothing of optimizers, other workers or the contract; the models on top of it do.
import type { ModelSpec } from '../../model/modelSpec';
import type { NamedArrays } from '../../util/namedArrays';
import type { ParameterEntry } from '../../model/parameterEntry';
import { parameterInventory, denoiserLayers, trainedEntries } from '../../model/parameterInventory';
import { createTimeFeatures, embedPrototypes, embedTime, frequenciesName } from './denoiser';
import { gatherRows } from './ops/gatherRows';
import { computePrototypes, type SequenceInputs } from './prototypes';
import type { Recurrent } from './recurrent/registry';
import type { Shard } from './shard';
import type { ConvStack, SamplingRun } from './stack/convStack';
import { reshape, tf, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D } from './tf';
import { Weights } from './weights';

/** What one forward and backward pass leaves. *Memory* the caller disposes every tensor. */
export interface PassResult {
  /** This shard's part of the loss. */
  loss: Tensor;
  /** In the order of `trained`. */
  gradients: Tensor[];
  /** Per batch-norm layer, of the whole batch. */
  statistics: { layer: number; mean: Tensor1D; variance: Tensor1D }[];
  /** (n, dimPerToken), or null without diffusion. */
  predictedNoise: Tensor2D | null;
}

/** Releases what a pass left. */
export function disposePass(pass: PassResult): void {
  tf.dispose([pass.loss, ...pass.gradients]);
  pass.predictedNoise?.dispose();
  for (const { mean, variance } of pass.statistics) tf.dispose([mean, variance]);
}

/** What may be tfjs operations or a kernel of our own. */
export interface NetworkParts {
  stack: ConvStack;
  recurrent: Recurrent;
}

const momentum = 0.1;

/** Owns tensors on the backend; `dispose` releases them. */
export class Network {
  readonly weights: Weights;
  /** What the optimizer changes, in this order everywhere. */
  readonly trained;
  readonly #stack: ConvStack;
  readonly #recurrent: Recurrent;
  #timeFeatures = createTimeFeatures(new Float32Array());

  constructor(
    readonly spec: ModelSpec,
    createParts: (spec: ModelSpec, weights: Weights) => NetworkParts,
  ) {
    const inventory = parameterInventory(spec);
    this.trained = trainedEntries(inventory);
    this.weights = new Weights(inventory);
    const { stack, recurrent } = createParts(spec, this.weights);
    this.#stack = stack;
    this.#recurrent = recurrent;
  }

  write(arrays: NamedArrays): void {
    this.weights.write(arrays);
    const frequencies = arrays.get(frequenciesName);
    if (frequencies) this.#timeFeatures = createTimeFeatures(frequencies.data.slice());
  }

  /** (b, nTokens, dPrototype) */
  prototypes(inputs: SequenceInputs): Tensor3D {
    return tf.tidy(() => computePrototypes(this.spec, this.weights, this.#recurrent, inputs));
  }

  /** Loss and gradients of a shard. A shard without rows still takes part in the batch statistics of the others. */
  pass(shard: Shard): PassResult {
    const kept: Pick<PassResult, 'statistics'> & Partial<PassResult> = { statistics: [] };
    const parameters = this.trained.map(entry => this.weights.get(entry.name));
    const { value, grads } = tf.engine().gradients(() => this.#loss(shard, kept), parameters, undefined, true);
    const gradients = parameters.map((parameter, i) => this.#gradient(this.trained[i]!, parameter, grads[i]));
    return {
      loss: value,
      gradients,
      statistics: kept.statistics,
      predictedNoise: kept.predictedNoise ?? null,
    };
  }

  /** running ← 0.9·running + 0.1·batch, once per training step. Without diffusion there are none. */
  updateRunningStatistics(statistics: PassResult['statistics']): void {
    if (!this.spec.denoiser) return;
    const layers = denoiserLayers(this.spec.denoiser);
    for (const { layer, mean, variance } of statistics) {
      const update = (name: string, next: (old: Tensor) => Tensor) => {
        const full = `${layers[layer]!.prefix}.1.0.${name}`;
        this.weights.set(full, tf.tidy(() => next(this.weights.get(full)))); // prettier-ignore
      };
      const blend = (batch: Tensor) => (old: Tensor) => tf.add(tf.mul(old, 1 - momentum), tf.mul(batch, momentum));
      update('running_mean', blend(mean));
      update('running_var', blend(variance));
      update('num_batches_tracked', old => tf.add(old, 1));
    }
  }

  /** Begins sampling of n token rows, from row `firstRow` of the sequences, from given noise. *Shapes* x (n · dimPerToken). */
  startSampling(inputs: SequenceInputs, firstRow: number, x: Float32Array): SamplingRun {
    const { dPrototype, dimPerToken } = this.spec;
    const cond = tf.tidy(() => {
      const prototypes = reshape(computePrototypes(this.spec, this.weights, this.#recurrent, inputs), [-1, dPrototype]);
      const rows = tf.slice(prototypes, [firstRow, 0], [x.length / dimPerToken, dPrototype]);
      return embedPrototypes(this.weights, rows);
    });
    const run = this.#stack.startSampling(x, cond);
    cond.dispose();
    return run;
  }

  /** (1, dimPerToken), to be disposed by the caller. */
  timeEmbedding(t: number): Tensor2D {
    return tf.tidy(() => embedTime(this.weights, Int32Array.of(t), this.#timeFeatures));
  }

  /** Bytes held outside tfjs. */
  get kernelBytes(): number {
    return this.#stack.bytes() + this.#recurrent.bytes;
  }

  dispose(): void {
    this.#stack.dispose();
    this.weights.dispose();
  }

  /** Exactly zero where it is so by construction, instead of the rounding noise that AdamW would blow up to full steps. */
  #gradient(entry: ParameterEntry, parameter: Tensor, computed: Tensor | undefined): Tensor {
    if (computed && !entry.zeroGradient) return computed;
    computed?.dispose();
    return tf.zerosLike(parameter);
  }

  #loss(shard: Shard, kept: Pick<PassResult, 'statistics'> & Partial<PassResult>): tf.Scalar {
    const { spec, weights } = this;
    const shape: [number, number] = [shard.rows.length, spec.dimPerToken];
    const prototypes = computePrototypes(spec, weights, this.#recurrent, shard.sequences);
    const rows = gatherRows(reshape(prototypes, [-1, spec.dPrototype]), tf.tensor1d(shard.rows, 'int32'));
    const predicted = spec.denoiser ? this.#predictNoise(shard, rows, kept) : rows;
    const error = tf.sub(predicted, tf.tensor2d(shard.target, shape));
    return tf.sum(tf.mul(tf.square(error), tf.tensor2d(shard.lossWeight, shape)));
  }

  #predictNoise(
    shard: Shard,
    prototypes: Tensor2D,
    kept: Pick<PassResult, 'statistics'> & Partial<PassResult>,
  ): Tensor2D {
    const x = tf.tensor2d(shard.x, [shard.rows.length, this.spec.dimPerToken]);
    const time = embedTime(this.weights, shard.t, this.#timeFeatures);
    const cond = embedPrototypes(this.weights, prototypes);
    const predicted = this.#stack.train({ x, cond, time }, (layer, mean, variance) =>
      kept.statistics.push({ layer, mean: tf.keep(tf.clone(mean)), variance: tf.keep(tf.clone(variance)) }),
    );
    kept.predictedNoise = tf.keep(tf.clone(predicted));
    return predicted;
  }
}
