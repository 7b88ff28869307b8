// Generation on the queue: prototypes and their embedding once per network, then the sampler's steps over slices of token
// rows. Batch norm is folded into the convolutions; each convolution writes the next one's input. One step is one graph:
// time embeddings and coefficients lie in tables, the position in them is a counter on the card.
import type { ModelSpec } from '../../../model/modelSpec';
import { denoiserLayers } from '../../../model/parameterInventory';
import type { SamplerPlan } from '../../../model/sampler';
import { convolve, packedSize, packWeights } from '../layers/convolution';
import { embedTime, stackShapes } from '../layers/denoiser';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';

/** Where a sampling run's tables lie. */
export interface SampleTables {
  /** {seed, firstNetwork, stepIndex, steps}, as SampleState in kernels/denoiser.cu. */
  readonly state: bigint;
  /** (steps) int32 */
  readonly t: bigint;
  /** (steps, 4) float32: a, b, sigma, unused */
  readonly coefficients: bigint;
  readonly steps: number;
}

/** One slice of token rows. */
export interface SampleSlice {
  readonly firstRow: number;
  readonly rows: number;
  /** (rows, dim) float32 */
  readonly x: bigint;
  /** (rows, dim) */
  readonly condition: bigint;
  /** (steps, nTokens·dim) float32 golden noise, or 0n for Philox. */
  readonly given: bigint;
}

const stepIndexOffset = 8n;

/** Steps whose time embeddings are made at once; a longer plan takes them in pieces, so that only the table grows with it. */
export const timesAtOnce = 4096;

/** Tables of a plan of any length. *Memory* taken from the queue's plan until it is reset. */
export function takeTables(queue: Queue, state: bigint, steps: number): SampleTables {
  return {
    state,
    t: queue.memory.take('sampler tables', steps * 4),
    coefficients: queue.memory.take('sampler tables', steps * 16),
    steps,
  };
}

/** What the card reads of a plan, in the layout of `SampleTables`. */
export function tableValues({ steps }: SamplerPlan): { t: Int32Array; coefficients: Float32Array } {
  return {
    t: Int32Array.from(steps, step => step.t),
    coefficients: Float32Array.from(steps.flatMap(({ a, b, sigma }) => [a, b, sigma, 0])),
  };
}

/** Folded weights and time embeddings, made once per run. *Memory* taken from the queue's plan until it is reset. */
export class SamplerKernels {
  readonly #layers;
  readonly #time: bigint;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: ModelSpec,
    readonly tables: SampleTables,
  ) {
    const dim = spec.dimPerToken;
    this.#time = queue.take('time', tables.steps * dim);
    for (let first = 0; first < tables.steps; first += timesAtOnce) {
      const count = Math.min(timesAtOnce, tables.steps - first);
      const t = tables.t + BigInt(first * 4);
      queue.memory.scope(() => embedTime(queue, parameters, spec, t, count, queue.at(this.#time, first * dim)));
    }
    this.#layers = denoiserLayers(spec.denoiser!).map(layer => {
      const { prefix, inChannels, outChannels } = layer;
      const shape = { rows: 0, positions: dim, inChannels, outChannels, taps: spec.denoiser!.kernelSize };
      const packed = queue.take('packed weights', packedSize(outChannels, inChannels, shape.taps));
      const weight = parameters.value(`${prefix}.0.weight`);
      let bias = parameters.value(`${prefix}.0.bias`);
      let scale = 0n;
      if (layer.normalised) {
        const norm = (name: string) => parameters.value(`${prefix}.1.0.${name}`);
        const folded = queue.takeFloats('packed weights', outChannels);
        scale = queue.takeFloats('packed weights', outChannels);
        const args = [
          norm('weight'),
          norm('bias'),
          norm('running_mean'),
          norm('running_var'),
          bias,
          scale,
          folded,
          outChannels,
        ];
        queue.launchExact('foldBatchNorm', [Math.ceil(outChannels / 128)], [128], args);
        bias = folded;
      }
      packWeights(queue, weight, scale, packed, shape, false);
      return { packed, bias };
    });
  }

  /** xT from Philox (unless it was uploaded), and the first step's input. */
  start(slice: SampleSlice, inputs: readonly bigint[]): void {
    const { queue, spec, tables } = this;
    const dim = spec.dimPerToken;
    const count = slice.rows * dim;
    if (slice.given === 0n) {
      const at = BigInt(slice.firstRow * dim);
      queue.launchExact(
        'sampleStart',
        [Math.ceil(count / 1024)],
        [256],
        [slice.x, tables.state, at, BigInt(count), BigInt(spec.nTokens * dim)],
      );
    }
    const stepIndex = tables.state + stepIndexOffset;
    queue.each('firstInput', count, [
      slice.x,
      slice.condition,
      this.#time,
      1n,
      stepIndex,
      inputs[0]!,
      BigInt(count),
      dim,
    ]);
  }

  /** Memory for every layer's input, and for the predicted noise. */
  takeBuffers(rows: number): { inputs: bigint[]; predicted: bigint } {
    const { queue, spec } = this;
    const places = rows * spec.dimPerToken;
    const inputs = denoiserLayers(spec.denoiser!).map(({ inChannels }) =>
      queue.take('convolution inputs', places * inChannels),
    );
    return { inputs, predicted: queue.takeFloats('predicted noise', places) };
  }

  /** One sampler step over a slice. */
  step(slice: SampleSlice, { inputs, predicted }: { inputs: readonly bigint[]; predicted: bigint }): void {
    const { queue, spec, tables } = this;
    const dim = spec.dimPerToken;
    const stepIndex = tables.state + stepIndexOffset;
    const layers = stackShapes(spec, slice.rows);
    for (const [i, { shape }] of layers.entries()) {
      const { packed, bias } = this.#layers[i]!;
      const next = layers[i + 1]?.layer;
      if (!next) {
        convolve(queue, inputs[i]!, packed, bias, shape, { kind: 'last', output: predicted });
        continue;
      }
      // (h + h_skip + condition)·time = h·time + the input that h_skip has become for its own next layer.
      const skip = next.skipFrom === null ? 0n : inputs[next.skipFrom + 1]!;
      const end = {
        kind: 'hidden',
        output: inputs[i + 1]!,
        condition: slice.condition,
        time: this.#time,
        stepIndex,
        skip,
      } as const;
      convolve(queue, inputs[i]!, packed, bias, shape, end);
    }
    const count = slice.rows * dim;
    queue.launch(
      'sampleUpdate',
      [Math.ceil(count / 1024)],
      [256],
      [
        ...[
          slice.x,
          predicted,
          tables.coefficients,
          slice.given,
          slice.condition,
          this.#time,
          inputs[0]!,
          tables.state,
        ],
        ...[BigInt(slice.firstRow * dim), BigInt(count), BigInt(spec.nTokens * dim), dim],
      ],
    );
    queue.launchExact('advanceStep', [1], [1], [tables.state]);
  }
}
