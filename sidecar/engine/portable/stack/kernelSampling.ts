// Sampling on the SIMD kernel: batch norm folded into the convolutions, a few rows at a time through the whole net, so that
// activations stay in the cache; the sampler's update in place.
import type { DenoiserLayer } from '../../../model/parameterInventory';
import { batchNormEps } from '../ops/batchNorm';
import type { Tensor2D } from '../tf';
import type { Weights } from '../weights';
import type { SamplingRun } from './convStack';
import { allocateScratch, createFixedConvolution, type Scratch } from './convolution';
import type { Kernel, Pointer } from '../kernel/kernel';

/** Rows that go through the net together. More would leave the cache, fewer reread the weights too often. */
const rowsAtOnce = 2;

interface FoldedLayer extends DenoiserLayer {
  convolve: (u: Pointer, y: Pointer, rows: number) => void;
  u: Pointer;
  h: Pointer;
}

/** Begins a run. *Shapes* start (n · dim), cond (n, dim). */
export function startKernelSampling(
  kernel: Kernel,
  layers: readonly DenoiserLayer[],
  taps: number,
  weights: Weights,
  start: Float32Array,
  condTensor: Tensor2D,
): SamplingRun {
  const rows = condTensor.shape[0];
  const { width, call } = kernel;
  const x = kernel.plane(rows, 1);
  const cond = kernel.plane(rows, 1);
  const time = kernel.plane(1, 1);
  const epsilonTheta = kernel.plane(rows, 1);
  const noise = kernel.plane(rows, 1);
  const shapes = layers.map(layer => ({ inputs: layer.inChannels, outputs: layer.outChannels, taps }));
  const scratch = allocateScratch(kernel, shapes);
  const folded = layers.map(layer => foldLayer(kernel, layer, taps, weights, scratch));
  kernel.writeRows(x, start);
  kernel.writeRows(cond, condTensor.dataSync<'float32'>());
  const drawn = new Float32Array(rows * kernel.dim);
  const floatsPerRow = 4 * width;

  return {
    step: (timeTensor, { a, b, sigma }, fillNoise) => {
      kernel.writeRows(time, timeTensor.dataSync<'float32'>());
      for (let row = 0; row < rows; row += rowsAtOnce) predictNoise(row, Math.min(rowsAtOnce, rows - row));
      if (sigma !== 0) {
        fillNoise(drawn);
        kernel.writeRows(noise, drawn);
      }
      call.samplerStep(x, epsilonTheta, sigma === 0 ? 0 : noise, a, b, sigma, rows * width);
    },
    read: async () => kernel.readRows(x, rows),
    dispose: () => undefined,
  };

  function predictNoise(row: number, count: number): void {
    const offset = row * floatsPerRow;
    folded.forEach((layer, index) => {
      const { inChannels, outChannels } = layer;
      const h = index === 0 ? x + offset : folded[index - 1]!.h;
      const skip = layer.skipFrom === null ? 0 : folded[layer.skipFrom]!.h;
      const out = layer.normalised ? layer.h : epsilonTheta + offset;
      call.prepare(h, skip, cond + offset, time, 0, layer.u, count, inChannels);
      layer.convolve(layer.u, out, count);
      if (layer.normalised) call.eluInPlace(out, count * outChannels * width);
    });
  }
}

/** Convolution and batch norm with running statistics as one convolution, folded in float64. */
function foldLayer(
  kernel: Kernel,
  layer: DenoiserLayer,
  taps: number,
  weights: Weights,
  scratch: Scratch,
): FoldedLayer {
  const { prefix, inChannels, outChannels, normalised } = layer;
  const values = (name: string) => weights.get(`${prefix}.${name}`).dataSync<'float32'>();
  const weight = Float32Array.from(values('0.weight'));
  const bias = Float32Array.from(values('0.bias'));
  if (normalised) {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(name => values(`1.0.${name}`)) as [Float32Array, Float32Array, Float32Array, Float32Array]; // prettier-ignore
    for (let c = 0; c < outChannels; c++) {
      const scale = gamma[c]! / Math.sqrt(variance[c]! + batchNormEps);
      bias[c] = (bias[c]! - mean[c]!) * scale + beta[c]!;
      for (let i = c * inChannels * taps; i < (c + 1) * inChannels * taps; i++) weight[i] = weight[i]! * scale;
    }
  }
  const shape = { inputs: inChannels, outputs: outChannels, taps };
  return {
    ...layer,
    convolve: createFixedConvolution(kernel, shape, { weight, bias }, scratch),
    u: kernel.haloed(rowsAtOnce, inChannels),
    h: normalised ? kernel.plane(rowsAtOnce, outChannels) : 0,
  };
}
