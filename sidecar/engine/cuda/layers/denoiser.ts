// The denoiser's training step on the queue: embeddings, the convolution stack with batch norm, loss, and back to the
// gradient of the prototypes. The stack keeps two tensors a layer: u, what enters it, and v, the raw convolution output.
// Going back, both turn into their gradients in place.
import type { ModelSpec } from '../../../model/modelSpec';
import { timeFeatures } from '../../../model/parameterEntry';
import { denoiserLayers, type DenoiserLayer } from '../../../model/parameterInventory';
import {
  convolve,
  convolveBack,
  convolveBackSumRows,
  packAllWeights,
  packedSize,
  sumRowsOf,
  weightGradient,
  type ConvolutionShape,
} from './convolution';
import { biasGradient } from './layerNorm';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';

/** Where a training step's inputs lie. All float32 or int32. */
export interface NoiseInputs {
  /** (n, dim), NaN at padding. */
  readonly x0: bigint;
  /** {seed, step} */
  readonly key: bigint;
  /** (n) and (n, dim): drawn here, or uploaded by the host beforehand. */
  readonly t: bigint;
  readonly epsilon: bigint;
  /** (T) each */
  readonly signalRate: bigint;
  readonly noiseRate: bigint;
  readonly loss: bigint;
}

/** A layer's batch norm as multiply-add, and what its gradient needs; (channels) each. */
interface NormValues {
  readonly scale: bigint;
  readonly shift: bigint;
  readonly mean: bigint;
  readonly inverse: bigint;
}

const net = 'criteria.net';
const silu = 1;
const noNorm: NormValues = { scale: 0n, shift: 0n, mean: 0n, inverse: 0n };

/** Layers and their sizes for some rows. */
export function stackShapes(spec: ModelSpec, rows: number): { layer: DenoiserLayer; shape: ConvolutionShape }[] {
  const denoiser = spec.denoiser!;
  return denoiserLayers(denoiser).map(layer => {
    const { inChannels, outChannels } = layer;
    return { layer, shape: { rows, positions: spec.dimPerToken, inChannels, outChannels, taps: denoiser.kernelSize } };
  });
}

/** time (n, dim) of steps t (n) int32, from a scope that keeps `saved`. */
export function embedTime(queue: Queue, parameters: Parameters, spec: ModelSpec, t: bigint, n: number, time: bigint) {
  const dim = spec.dimPerToken;
  const features = queue.take('time features', n * timeFeatures);
  const before = queue.take('time embedding', n * dim);
  const hidden = queue.take('time embedding', n * dim);
  const half = timeFeatures / 2;
  queue.each('timeFeatures', n * half, [t, parameters.value(`${net}.time_embedder.freqs`), features, n, half]);
  const name = (part: string) => `${net}.time_embedder.mlp.${part}`;
  queue.linear(features, parameters.matrix(name('0.weight')), before, { rows: n, inputs: timeFeatures, outputs: dim });
  queue.each('addBias', n * dim, [
    before,
    parameters.value(name('0.bias')),
    hidden,
    before,
    BigInt(n * dim),
    dim,
    silu,
  ]);
  queue.linear(hidden, parameters.matrix(name('2.weight')), time, { rows: n, inputs: dim, outputs: dim });
  queue.each('addBias', n * dim, [time, parameters.value(name('2.bias')), time, 0n, BigInt(n * dim), dim, 0]);
  return { features, before, hidden };
}

/** condition (n, dim) of prototypes (n, dPrototype). */
export function embedPrototypes(
  queue: Queue,
  parameters: Parameters,
  spec: ModelSpec,
  prototypes: bigint,
  n: number,
  condition: bigint,
): void {
  const dim = spec.dimPerToken;
  const shape = { rows: n, inputs: spec.dPrototype, outputs: dim };
  queue.linear(prototypes, parameters.matrix(`${net}.condi_embedder.weight`), condition, shape);
  const bias = parameters.value(`${net}.condi_embedder.bias`);
  queue.each('addBias', n * dim, [condition, bias, condition, 0n, BigInt(n * dim), dim, 0]);
}

/** Counts valid entries, draws or takes the noise, and noises the tokens. *Shapes* xt (n, dim), or 0n without diffusion. */
export function noiseTokens(
  queue: Queue,
  spec: ModelSpec,
  inputs: NoiseInputs,
  valid: bigint,
  xt: bigint,
  draw: boolean,
): void {
  const count = spec.rowsPerStep * spec.dimPerToken;
  queue.clear(valid, 4);
  if (draw && xt !== 0n) {
    queue.launchExact(
      'drawTimes',
      [Math.ceil(spec.rowsPerStep / 128)],
      [128],
      [inputs.t, inputs.key, spec.rowsPerStep, spec.diffusion.T],
    );
    queue.launchExact('drawNoise', [Math.ceil(count / 1024)], [256], [inputs.epsilon, inputs.key, BigInt(count)]);
  }
  const grid = [Math.min(Math.ceil(count / 256), queue.device.facts.multiprocessors * 8)] as const;
  const { x0, epsilon, t, signalRate, noiseRate } = inputs;
  queue.launchExact(
    'addNoise',
    grid,
    [256],
    [x0, epsilon, t, signalRate, noiseRate, xt, valid, BigInt(count), spec.dimPerToken],
  );
}

/** Loss scalar and gradient of the prediction, which is float32 (n, dim), or activations when `target` is the tokens. */
export function lossAndGradient(
  queue: Queue,
  spec: ModelSpec,
  inputs: NoiseInputs,
  valid: bigint,
  predicted: bigint,
  gradient: bigint,
): void {
  const count = spec.rowsPerStep * spec.dimPerToken;
  const blocks = Math.min(Math.ceil(count / 256), queue.device.facts.multiprocessors * 4);
  queue.memory.scope(() => {
    const partial = queue.takeFloats('partial sums', blocks);
    if (spec.denoiser) {
      queue.launch(
        'lossGradient',
        [blocks],
        [256],
        [predicted, inputs.epsilon, inputs.x0, valid, gradient, partial, BigInt(count)],
      );
    } else {
      queue.launch(
        'tokenLossGradient',
        [blocks],
        [256],
        [predicted, inputs.x0, valid, gradient, partial, BigInt(count)],
      );
    }
    queue.launchExact('finishLoss', [1], [256], [partial, blocks, inputs.loss]);
  });
}

/** One training pass of the denoiser. */
export class DenoiserStep {
  readonly #layers;
  readonly #n: number;
  readonly #dim: number;
  /** (n, dim) float32, kept for golden comparisons until the memory is reused. */
  predicted = 0n;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: ModelSpec,
    readonly inputs: NoiseInputs,
  ) {
    this.#n = spec.rowsPerStep;
    this.#dim = spec.dimPerToken;
    this.#layers = stackShapes(spec, this.#n);
  }

  /**
   * The whole phase: noise (drawn from Philox if `draw`, else uploaded), prediction, loss, and every gradient down to the
   * prototypes'. *Shapes* prototypes (n, dPrototype) → their gradient at dPrototypes, same shape.
   */
  run(prototypes: bigint, dPrototypes: bigint, draw: boolean): void {
    const { queue, parameters, spec, inputs } = this;
    const n = this.#n;
    const dim = this.#dim;
    queue.part('denoiser');
    const xt = queue.takeFloats('noised tokens', n * dim);
    const valid = queue.takeFloats('counters', 1);
    noiseTokens(queue, spec, inputs, valid, xt, draw);
    const time = queue.take('time', n * dim);
    const condition = queue.take('condition', n * dim);
    const timeSaved = embedTime(queue, parameters, spec, inputs.t, n, time);
    embedPrototypes(queue, parameters, spec, prototypes, n, condition);

    const dCondition = queue.takeFloats('gradients of condition', n * dim);
    const dTime = queue.takeFloats('gradients of time', n * dim);
    queue.memory.scope(() => {
      this.#stack(xt, condition, time, valid, dCondition, dTime);
    });
    parameters.withLargeGradients(queue, () => {
      const narrow = queue.take('gradients', n * dim);
      queue.each('convert', n * dim, [dCondition, narrow, BigInt(n * dim)]);
      this.#linearBackward(`${net}.condi_embedder`, narrow, prototypes, dPrototypes, spec.dPrototype, dim);
      const dHidden = queue.take('gradients', n * dim);
      queue.each('convert', n * dim, [dTime, narrow, BigInt(n * dim)]);
      this.#linearBackward(`${net}.time_embedder.mlp.2`, narrow, timeSaved.hidden, dHidden, dim, dim);
      queue.each('activationBackward', n * dim, [dHidden, timeSaved.before, BigInt(n * dim), silu]);
      this.#linearBackward(`${net}.time_embedder.mlp.0`, dHidden, timeSaved.features, null, timeFeatures, dim);
    });
    queue.part('recurrent');
  }

  #linearBackward(prefix: string, dy: bigint, x: bigint, dx: bigint | null, inputs: number, outputs: number): void {
    const { queue, parameters } = this;
    const name = `${prefix}.weight`;
    const shape = { rows: this.#n, inputs, outputs };
    const gradient = parameters.gradient(name);
    queue.linearWeightGradient(dy, x, gradient.pointer, gradient.element, shape);
    biasGradient(queue, parameters, `${prefix}.bias`, dy, this.#n, outputs);
    if (dx !== null) queue.linearInputGradient(dy, parameters.matrix(name), dx, shape);
    parameters.finish(queue, name);
    queue.part('denoiser');
  }

  #stack(xt: bigint, condition: bigint, time: bigint, valid: bigint, dCondition: bigint, dTime: bigint): void {
    const { queue, parameters, spec, inputs } = this;
    const layers = this.#layers;
    const places = this.#n * this.#dim;
    const outputs = layers.map(({ layer }) =>
      layer.normalised ? queue.take('convolution outputs', places * layer.outChannels) : 0n,
    );
    const norms = layers.map(({ layer }) => (layer.normalised ? this.#takeNorm(layer.outChannels) : noNorm));
    const inputsOf = layers.map(({ layer }) => queue.take('convolution inputs', places * layer.inChannels));
    const packs = this.#pack();
    this.predicted = queue.takeFloats('predicted noise', places);

    for (const [i, { layer, shape }] of layers.entries()) {
      const u = inputsOf[i]!;
      this.#buildInput(i, xt, outputs, norms, condition, time, u);
      queue.memory.scope(() => {
        const packed = packs[i]!.forward;
        const bias = parameters.value(`${layer.prefix}.0.bias`);
        if (!layer.normalised) {
          convolve(queue, u, packed, bias, shape, { kind: 'last', output: this.predicted });
          return;
        }
        const sums = queue.takeFloats('partial sums', sumRowsOf(queue, shape) * 2 * layer.outChannels);
        const tiles = convolve(queue, u, packed, bias, shape, { kind: 'raw', output: outputs[i]!, sums });
        this.#finishNorm(layer, sums, tiles, norms[i]!);
      });
    }

    // The gradient of v of the layer at hand; for the last layer the loss's.
    const last = queue.take('loss gradient', places);
    lossAndGradient(queue, spec, inputs, valid, this.predicted, last);
    // Gradients that skip connections carry from a decoder layer's input back to an encoder layer's output.
    const carried = new Map<number, bigint>();
    for (const { layer } of layers) {
      if (layer.skipFrom !== null) carried.set(layer.skipFrom, queue.take('skip gradients', places * layer.inChannels));
    }
    for (const [i, { layer, shape }] of [...layers.entries()].reverse()) {
      const dv = layer.normalised ? outputs[i]! : last;
      const u = inputsOf[i]!;
      weightGradient(queue, dv, u, parameters.gradient(`${layer.prefix}.0.weight`).pointer, shape);
      if (!layer.normalised) {
        // One channel: first over rows, position by position, then over positions; one column alone would use one thread.
        queue.memory.scope(() => {
          const perPosition = queue.takeFloats('partial sums', this.#dim);
          queue.columnSums(dv, this.#dim, this.#n, this.#dim, perPosition);
          queue.columnSums(
            perPosition,
            1,
            this.#dim,
            1,
            parameters.gradient(`${layer.prefix}.0.bias`).pointer,
            0n,
            'f32',
          );
        });
      }
      const du = u; // its gradient takes its place: the weight gradient was the last to need it
      const packed = packs[i]!.backward;
      const backShape = { ...shape, inChannels: layer.outChannels, outChannels: layer.inChannels };
      const isFirstBackward = i === layers.length - 1;
      const sumRows = i === 0 || isFirstBackward ? null : convolveBackSumRows(queue, backShape);
      if (sumRows !== null) {
        const skip = layer.skipFrom;
        const through = {
          v: outputs[i - 1]!,
          norm: norms[i - 1]!,
          skip: skip === null ? null : { v: outputs[skip]!, ...norms[skip]!, gradient: carried.get(skip)! },
          extra: carried.get(i - 1) ?? 0n,
          ...{ condition, time, dCondition, dTime },
        };
        queue.memory.scope(() => {
          const sums = queue.takeFloats('partial sums', sumRows * 2 * layer.inChannels);
          convolveBack(queue, dv, packed, backShape, through, du, sums);
          this.#normBackward(i - 1, du, outputs[i - 1]!, norms[i - 1]!, sums, sumRows);
        });
        continue;
      }
      queue.memory.scope(() => convolve(queue, dv, packed, 0n, backShape, { kind: 'raw', output: du, sums: 0n }));
      if (i === 0) {
        const count = BigInt(places);
        queue.each('firstInputBackward', places, [
          du,
          xt,
          condition,
          time,
          dCondition,
          dTime,
          count,
          isFirstBackward ? 1 : 0,
        ]);
      } else {
        this.#inputBackward(i, du, outputs, norms, condition, time, carried, dCondition, dTime, isFirstBackward);
      }
    }
  }

  /** Every layer's weights in both directions, by one kernel. */
  #pack(): { forward: bigint; backward: bigint }[] {
    const { queue, parameters } = this;
    const packs = this.#layers.map(({ layer: { inChannels, outChannels }, shape: { taps } }) => ({
      forward: queue.take('packed weights', packedSize(outChannels, inChannels, taps)),
      backward: queue.take('packed weights', packedSize(inChannels, outChannels, taps)),
    }));
    const jobs = this.#layers.flatMap(({ layer, shape }, i) => {
      const weight = parameters.value(`${layer.prefix}.0.weight`);
      const { forward, backward } = packs[i]!;
      return [
        { weight, packed: forward, shape, transposed: false },
        { weight, packed: backward, shape, transposed: true },
      ];
    });
    packAllWeights(queue, jobs);
    return packs;
  }

  #takeNorm(channels: number): NormValues {
    const take = () => this.queue.takeFloats('batch norm', channels);
    return { scale: take(), shift: take(), mean: take(), inverse: take() };
  }

  /** u of layer i from what is kept. */
  #buildInput(
    i: number,
    xt: bigint,
    outputs: bigint[],
    norms: NormValues[],
    condition: bigint,
    time: bigint,
    u: bigint,
  ): void {
    const { queue } = this;
    const { layer } = this.#layers[i]!;
    const places = this.#n * this.#dim;
    if (i === 0) {
      queue.each('firstInput', places, [xt, condition, time, BigInt(places), 0n, u, BigInt(places), this.#dim]);
      return;
    }
    const skip = layer.skipFrom;
    const grid = [
      Math.min(Math.ceil((places * layer.inChannels) / 2048), queue.device.facts.multiprocessors * 32),
    ] as const;
    queue.launch(
      'layerInput',
      grid,
      [256],
      [
        ...[outputs[i - 1]!, pointers(norms[i - 1]!)],
        ...(skip === null ? [0n, pointers(noNorm)] : [outputs[skip]!, pointers(norms[skip]!)]),
        ...[condition, time, u, BigInt(places), layer.inChannels],
      ],
    );
  }

  #finishNorm(layer: DenoiserLayer, sums: bigint, tiles: number, norm: NormValues): void {
    const { queue, parameters } = this;
    const channels = layer.outChannels;
    const value = (name: string) => parameters.value(`${layer.prefix}.1.0.${name}`);
    // Gradients that are only looked at must not move the running statistics.
    const track = parameters.collect === null;
    this.#reduceSums(sums, tiles, channels, (suffix, partial, splits) =>
      queue.launchExact(
        `finishBatchNorm_${suffix}`,
        [Math.ceil(channels / 32)],
        [32, 16],
        [
          ...[partial, splits, channels, { f64: this.#n * this.#dim }, value('weight'), value('bias')],
          ...[norm.scale, norm.shift, norm.mean, norm.inverse],
          ...(track ? [value('running_mean'), value('running_var'), value('num_batches_tracked')] : [0n, 0n, 0n]),
        ],
      ),
    );
  }

  /** `finish` reads (splits, 2, channels) sums: float32 as they are when they are few, else float64 after a first reduction. */
  #reduceSums(
    sums: bigint,
    tiles: number,
    channels: number,
    finish: (suffix: 'f32' | 'f64', partial: bigint, splits: number) => void,
  ): void {
    const { queue } = this;
    const width = channels * 2;
    if (tiles <= 1024) {
      finish('f32', sums, tiles);
      return;
    }
    const splits = Math.min(64, Math.ceil(tiles / 64));
    queue.memory.scope(() => {
      const partial = queue.memory.take('partial sums', splits * width * 8);
      queue.launchExact('sumTiles', [Math.ceil(width / 32), splits], [32, 8], [sums, partial, tiles, width]);
      finish('f64', partial, splits);
    });
  }

  /** From du of layer i to the gradient of v of layer i - 1, which replaces that v. */
  #inputBackward(
    i: number,
    du: bigint,
    outputs: bigint[],
    norms: NormValues[],
    condition: bigint,
    time: bigint,
    carried: ReadonlyMap<number, bigint>,
    dCondition: bigint,
    dTime: bigint,
    isFirst: boolean,
  ): void {
    const { queue } = this;
    const { layer } = this.#layers[i]!;
    const channels = layer.inChannels;
    const places = this.#n * this.#dim;
    const skip = layer.skipFrom;
    const norm = norms[i - 1]!;
    // A thread owns 4 neighbouring channels, 8 where a warp would not reach over all of them, 1 where they do not divide.
    const perLane = channels % 4 !== 0 ? 1 : channels <= 128 ? 4 : 8;
    const width = { 1: 'Scalar', 4: '', 8: 'Wide' }[perLane];
    const lanes = 2 ** Math.ceil(Math.log2(channels / perLane));
    const slots = 256 / lanes;
    const blocks = Math.min(Math.ceil(places / slots), queue.device.facts.multiprocessors * 3);
    queue.memory.scope(() => {
      const sums = queue.takeFloats('partial sums', blocks * 2 * channels);
      const kernel = `layerInputBackward${width}${skip === null ? '' : 'Skip'}`;
      queue.launch(
        kernel,
        [blocks],
        [256],
        [
          ...[du, outputs[i - 1]!, pointers(norm)],
          ...(skip === null ? [0n, pointers(noNorm)] : [outputs[skip]!, pointers(norms[skip]!)]),
          ...[condition, time, carried.get(i - 1) ?? 0n, skip === null ? 0n : carried.get(skip)!],
          ...[dCondition, dTime, sums, BigInt(places), channels, lanes, isFirst ? 1 : 0],
        ],
        slots * channels * 2 * 4,
      );
      this.#normBackward(i - 1, du, outputs[i - 1]!, norm, sums, blocks);
    });
  }

  /** From the gradient of layer i's batch norm output, with its sums, to the gradient of v, which replaces v. */
  #normBackward(i: number, da: bigint, v: bigint, norm: NormValues, sums: bigint, sumRows: number): void {
    const { queue, parameters } = this;
    const { prefix, outChannels: channels } = this.#layers[i]!.layer;
    const places = this.#n * this.#dim;
    const meanA = queue.takeFloats('batch norm', channels);
    const meanB = queue.takeFloats('batch norm', channels);
    const gradient = (name: string) => parameters.gradient(`${prefix}.1.0.${name}`).pointer;
    this.#reduceSums(sums, sumRows, channels, (suffix, partial, splits) =>
      queue.launchExact(
        `finishBatchNormBackward_${suffix}`,
        [Math.ceil(channels / 32)],
        [32, 16],
        [...[partial, splits, channels, { f64: places }, gradient('weight'), gradient('bias'), meanA, meanB]],
      ),
    );
    const grid = [Math.min(Math.ceil((places * channels) / 2048), queue.device.facts.multiprocessors * 32)] as const;
    queue.launch('batchNormBackward', grid, [256], [da, v, pointers(norm), meanA, meanB, BigInt(places), channels]);
  }
}

function pointers({ scale, shift, mean, inverse }: NormValues): { pointers: readonly bigint[] } {
  return { pointers: [scale, shift, mean, inverse] };
}
