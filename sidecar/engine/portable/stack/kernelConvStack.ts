// The convolution stack on the SIMD kernel. tfjs sees one operation with a gradient: cond, time and the stack's weights in,
// predicted noise out; everything between stays in the kernel's memory. Batch statistics are summed with all other workers
// through `allReduce` at the same points of every worker's program, so that they are those of the whole batch.
import type { ModelSpec } from '../../../model/modelSpec';
import { denoiserLayers, type DenoiserLayer } from '../../../model/parameterInventory';
import { batchNormEps } from '../ops/batchNorm';
import { differentiable } from '../ops/differentiable';
import { tf, type Tensor, type Tensor2D } from '../tf';
import type { Weights } from '../weights';
import type { ConvStack, OnStatistics, StackInputs } from './convStack';
import { allocateScratch, createTrainedConvolution, type TrainedConvolution } from './convolution';
import { Kernel, type KernelProgram, type Pointer } from '../kernel/kernel';
import { wasmKernel } from '../kernel/wasmKernel';
import { startKernelSampling } from './kernelSampling';

/** Adds up an array over all workers, in place, the same bits everywhere. With one worker: nothing to do. */
export type AllReduce = (values: Float64Array) => void;

/** Arrays of one layer. Planes unless said otherwise. */
interface LayerArrays extends DenoiserLayer {
  /** Haloed: (h + skip + cond) · time. */
  u: Pointer;
  y: Pointer;
  /** Output after batch norm and ELU; the input of the next layer. */
  h: Pointer;
  /** Gradient of u. */
  du: Pointer;
  /** Haloed: gradient of y. Layers with equally many outputs share it, one at a time; the zeros of its halo fit no others. */
  dy: Pointer;
  convolution: TrainedConvolution;
  bias: Pointer;
  mean: Pointer;
  scale: Pointer;
  shift: Pointer;
  /** 1 / deviation, of the last forward pass. */
  inverse: Float64Array;
}

/** *Errors* user: channels that are not a denoiser. */
export function createKernelConvStack(
  spec: ModelSpec,
  weights: Weights,
  allReduce: AllReduce,
  program: KernelProgram = wasmKernel,
): ConvStack {
  const layers = spec.denoiser ? denoiserLayers(spec.denoiser) : [];
  const kernelSize = spec.denoiser?.kernelSize ?? 1;
  const training = new TrainingStack(new Kernel(program, spec.dimPerToken, kernelSize), layers, kernelSize, allReduce);
  return {
    train: (inputs, onStatistics) => training.train(inputs, weights, onStatistics),
    startSampling: (x, cond) =>
      startKernelSampling(new Kernel(program, spec.dimPerToken, kernelSize), layers, kernelSize, weights, x, cond),
    bytes: () => training.kernel.bytes,
    dispose: () => undefined, // the memory is garbage with the object
  };
}

class TrainingStack {
  #rows = 0;
  #layers: LayerArrays[] = [];
  #x: Pointer = 0;
  #cond: Pointer = 0;
  #time: Pointer = 0;
  #sumDu: Pointer = 0;
  #dTime: Pointer = 0;
  #sums: Pointer = 0;
  #coefficients: Pointer = 0;
  #biasSums: Pointer = 0;

  constructor(
    readonly kernel: Kernel,
    readonly layers: readonly DenoiserLayer[],
    readonly taps: number,
    readonly allReduce: AllReduce,
  ) {}

  train({ x, cond, time }: StackInputs, weights: Weights, onStatistics: OnStatistics): Tensor2D {
    const names = this.layers.flatMap(({ prefix, normalised }) => [
      `${prefix}.0.weight`,
      `${prefix}.0.bias`,
      ...(normalised ? [`${prefix}.1.0.weight`, `${prefix}.1.0.bias`] : []),
    ]);
    return differentiable<Tensor2D>([cond, time, ...names.map(name => weights.get(name))], () => {
      this.#plan(x.shape[0]);
      this.kernel.writeRows(this.#x, x.dataSync<'float32'>());
      this.kernel.writeRows(this.#cond, cond.dataSync<'float32'>());
      this.kernel.writeRows(this.#time, time.dataSync<'float32'>());
      this.#layers.forEach((layer, index) => {
        this.#loadWeights(layer, weights);
        this.#forward(layer, index, weights, onStatistics);
      });
      const value: Tensor2D = tf.tensor2d(this.kernel.readRows(this.#layers.at(-1)!.y, this.#rows), x.shape);
      return { value, gradient: dy => this.#backward(dy, weights) };
    });
  }

  /** Lays out the memory for a number of rows; nothing to do when it is the same as before. */
  #plan(rows: number): void {
    if (rows === this.#rows) return;
    const { kernel, taps } = this;
    kernel.reset();
    this.#rows = rows;
    const widest = Math.max(...this.layers.map(layer => layer.outChannels));
    this.#x = kernel.plane(rows, 1);
    this.#cond = kernel.plane(rows, 1);
    this.#time = kernel.plane(rows, 1);
    this.#sumDu = kernel.plane(rows, 1);
    this.#dTime = kernel.plane(rows, 1);
    this.#sums = kernel.doubles(2 * widest);
    this.#coefficients = kernel.floats(3 * widest);
    this.#biasSums = kernel.floats(widest);
    const shapes = this.layers.map(layer => ({ inputs: layer.inChannels, outputs: layer.outChannels, taps }));
    const scratch = allocateScratch(kernel, shapes);
    const dy = new Map<number, Pointer>();
    for (const { outChannels } of this.layers) {
      if (!dy.has(outChannels)) dy.set(outChannels, kernel.haloed(rows, outChannels));
    }
    this.#layers = this.layers.map((layer, index) => {
      const { inChannels, outChannels } = layer;
      return {
        ...layer,
        u: kernel.haloed(rows, inChannels),
        y: kernel.plane(rows, outChannels),
        h: layer.normalised ? kernel.plane(rows, outChannels) : 0,
        du: kernel.plane(rows, inChannels),
        dy: dy.get(outChannels)!,
        convolution: createTrainedConvolution(kernel, shapes[index]!, rows, scratch),
        bias: kernel.floats(outChannels),
        mean: kernel.floats(outChannels),
        scale: kernel.floats(outChannels),
        shift: kernel.floats(outChannels),
        inverse: new Float64Array(outChannels),
      };
    });
  }

  #loadWeights(layer: LayerArrays, weights: Weights): void {
    const { outChannels, prefix } = layer;
    layer.convolution.load(weights.get(`${prefix}.0.weight`).dataSync<'float32'>());
    this.kernel.viewFloats(layer.bias, outChannels).set(weights.get(`${prefix}.0.bias`).dataSync<'float32'>());
  }

  /** What the layer reads before cond and time enter: the previous output, and the skip connection's or 0. */
  #inputs(index: number): { h: Pointer; skip: Pointer } {
    const { skipFrom } = this.#layers[index]!;
    return {
      h: index === 0 ? this.#x : this.#layers[index - 1]!.h,
      skip: skipFrom === null ? 0 : this.#layers[skipFrom]!.h,
    };
  }

  #forward(layer: LayerArrays, index: number, weights: Weights, onStatistics: OnStatistics): void {
    const { kernel } = this;
    const { call, width } = kernel;
    const { inChannels, outChannels } = layer;
    const { h, skip } = this.#inputs(index);
    call.prepare(h, skip, this.#cond, this.#time, width, layer.u, this.#rows, inChannels);
    layer.convolution.forward(layer.u, layer.y, layer.bias);
    if (!layer.normalised) return;
    const { mean, variance, count } = this.#statistics(layer);
    const unbiased = variance.map(v => (v * count) / (count - 1));
    onStatistics(index, tf.tensor1d(Float32Array.from(mean)), tf.tensor1d(Float32Array.from(unbiased)));
    const gamma = weights.get(`${layer.prefix}.1.0.weight`).dataSync<'float32'>();
    layer.inverse = variance.map(v => 1 / Math.sqrt(v + batchNormEps));
    kernel.viewFloats(layer.scale, outChannels).set(layer.inverse.map((r, c) => r * gamma[c]!));
    kernel.viewFloats(layer.shift, outChannels).set(weights.get(`${layer.prefix}.1.0.bias`).dataSync<'float32'>());
    call.activate(layer.y, layer.mean, layer.scale, layer.shift, layer.h, this.#rows, outChannels);
  }

  /** Mean, then mean squared distance to it: two sums over all workers, because one pass would cancel. */
  #statistics(layer: LayerArrays): { mean: Float64Array; variance: Float64Array; count: number } {
    const { kernel, allReduce } = this;
    const channels = layer.outChannels;
    kernel.call.channelSums(layer.y, this.#sums, this.#rows, channels);
    const first = new Float64Array(channels + 1);
    first.set(kernel.viewDoubles(this.#sums, channels));
    first[channels] = this.#rows * kernel.dim;
    allReduce(first);
    const count = first[channels];
    const mean = first.subarray(0, channels).map(sum => sum / count);
    kernel.viewFloats(layer.mean, channels).set(mean);
    kernel.call.channelSquares(layer.y, layer.mean, this.#sums, this.#rows, channels);
    const squares = kernel.viewDoubles(this.#sums, channels).slice();
    allReduce(squares);
    return { mean, variance: squares.map(sum => sum / count), count };
  }

  /** Gradients of cond, time and every weight, in the order of `train`'s inputs. */
  #backward(dy: Tensor2D, weights: Weights): Tensor[] {
    const { kernel } = this;
    const { call, width, halo } = kernel;
    const shape: [number, number] = [this.#rows, kernel.dim];
    kernel.viewFloats(this.#sumDu, this.#rows * width).fill(0);
    kernel.viewFloats(this.#dTime, this.#rows * width).fill(0);
    const gradients: Tensor[] = [];
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const layer = this.#layers[index]!;
      const { inChannels, outChannels } = layer;
      const normGradients = layer.normalised ? this.#normBackward(layer, index, weights) : [];
      if (!layer.normalised) kernel.writeRows(layer.dy, dy.dataSync<'float32'>(), width + halo, halo);
      const dWeight = layer.convolution.weightGradient(layer.dy, layer.u);
      layer.convolution.inputGradient(layer.dy, layer.du);
      const { h, skip } = this.#inputs(index);
      call.conditionGradients(layer.du, h, skip, this.#cond, this.#sumDu, this.#dTime, this.#rows, inChannels);
      gradients.unshift(
        tf.tensor3d(dWeight, [outChannels, inChannels, this.taps]),
        this.#biasGradient(layer),
        ...normGradients,
      );
    }
    const time = kernel.readRows(this.#time, this.#rows);
    const dCond = kernel.readRows(this.#sumDu, this.#rows).map((sum, i) => sum * time[i]!);
    return [tf.tensor2d(dCond, shape), tf.tensor2d(kernel.readRows(this.#dTime, this.#rows), shape), ...gradients];
  }

  /** A bias before a batch norm has gradient zero by construction. */
  #biasGradient({ normalised, outChannels, dy }: LayerArrays): Tensor {
    if (normalised) return tf.zeros([outChannels]);
    this.kernel.call.biasGradient(dy, this.#biasSums, this.#rows, outChannels);
    return tf.tensor1d(this.kernel.viewFloats(this.#biasSums, outChannels).slice());
  }

  /**
   * Leaves the gradient of the layer's convolution in layer.dy; returns those of its batch norm's weight and bias. With
   * r = 1/deviation, S = Σ dz and P = Σ dz·(y - mean) over all m values: dy = γr·(dz - S/m - (y - mean)·r²·P/m).
   */
  #normBackward(layer: LayerArrays, index: number, weights: Weights): Tensor[] {
    const { kernel, allReduce } = this;
    const channels = layer.outChannels;
    const next = this.#layers[index + 1]!;
    const skipped = this.#layers.find(other => other.skipFrom === index);
    kernel.call.activationGradient(next.du, skipped?.du ?? 0, this.#time, layer.h, layer.y, layer.mean, layer.dy, this.#sums, this.#rows, channels); // prettier-ignore
    const local = kernel.viewDoubles(this.#sums, 2 * channels).slice();
    const dWeight = Float32Array.from(layer.inverse, (r, c) => r * local[channels + c]!);
    const dBias = Float32Array.from(local.subarray(0, channels));
    const sums = new Float64Array(2 * channels + 1);
    sums.set(local);
    sums[2 * channels] = this.#rows * kernel.dim;
    allReduce(sums);
    const m = sums[2 * channels]!;
    const gamma = weights.get(`${layer.prefix}.1.0.weight`).dataSync<'float32'>();
    const [a, b, d] = [0, 1, 2].map(i => this.#coefficients + 4 * i * channels) as [Pointer, Pointer, Pointer];
    const view = kernel.viewFloats(this.#coefficients, 3 * channels);
    layer.inverse.forEach((r, c) => {
      view[c] = gamma[c]! * r;
      view[channels + c] = (-gamma[c]! * r * sums[c]!) / m;
      view[2 * channels + c] = (-gamma[c]! * r ** 3 * sums[channels + c]!) / m;
    });
    kernel.call.normGradient(layer.dy, layer.y, layer.mean, a, b, d, this.#rows, channels);
    return [tf.tensor1d(dWeight), tf.tensor1d(dBias)];
  }
}
