// The convolution stack from tfjs operations: runs on every backend and is what the kernel is compared with.
import type { ModelSpec } from '../../../model/modelSpec';
import { denoiserLayers, type DenoiserLayer } from '../../../model/parameterInventory';
import { batchNorm, batchNormEps } from '../ops/batchNorm';
import { conv1d } from '../ops/conv1d';
import { reshape, tf, type Tensor1D, type Tensor2D, type Tensor3D } from '../tf';
import type { Weights } from '../weights';
import type { ConvStack, OnStatistics, SamplingRun, StackInputs } from './convStack';

/** A stack over the current backend's tensors. *Errors* user: channels that are not a denoiser. */
export function createTfConvStack(spec: ModelSpec, weights: Weights): ConvStack {
  const layers = spec.denoiser ? denoiserLayers(spec.denoiser) : [];
  return {
    train: (inputs, onStatistics) => trainStack(layers, weights, inputs, onStatistics),
    startSampling: (x, cond) => startSampling(layers, weights, x, cond),
    bytes: () => 0,
    dispose: () => undefined,
  };
}

function trainStack(
  layers: readonly DenoiserLayer[],
  weights: Weights,
  inputs: StackInputs,
  onStatistics: OnStatistics,
): Tensor2D {
  return runLayers(layers, inputs, (layer, h, index) => {
    const y = conv1d(h, weights.filter(`${layer.prefix}.0.weight`), weights.vector(`${layer.prefix}.0.bias`));
    if (!layer.normalised) return y;
    const [n, w, c] = y.shape;
    const m = n * w;
    const normed = batchNorm(
      reshape(y, [m, c]),
      weights.vector(`${layer.prefix}.1.0.weight`),
      weights.vector(`${layer.prefix}.1.0.bias`),
      (mean, variance) => onStatistics(index, mean, tf.mul(variance, m / (m - 1))),
    );
    return reshape(tf.elu(normed), [n, w, c]);
  });
}

/** Every layer on (h + skip + cond) · time. */
function runLayers(
  layers: readonly DenoiserLayer[],
  { x, cond, time }: StackInputs,
  run: (layer: DenoiserLayer, h: Tensor3D, index: number) => Tensor3D,
): Tensor2D {
  const [n, w] = x.shape;
  const condColumn: Tensor3D = tf.expandDims(cond, 2);
  const timeColumn: Tensor3D = tf.expandDims(time, 2);
  const outputs: Tensor3D[] = [];
  let h: Tensor3D = tf.expandDims(x, 2); // (n, w, channels)
  layers.forEach((layer, index) => {
    if (layer.skipFrom !== null) h = tf.add(h, outputs[layer.skipFrom]!);
    h = run(layer, tf.mul(tf.add(h, condColumn), timeColumn), index);
    outputs.push(h);
  });
  return reshape(h, [n, w]);
}

function startSampling(
  layers: readonly DenoiserLayer[],
  weights: Weights,
  start: Float32Array,
  cond: Tensor2D,
): SamplingRun {
  const [n, w] = cond.shape;
  const folded = layers.map(layer => foldBatchNorm(layer, weights));
  const keptCond = tf.keep(tf.clone(cond));
  const noise = new Float32Array(n * w);
  let x: Tensor2D = tf.keep(tf.tensor2d(start, [n, w]));
  return {
    step: (time, { a, b, sigma }, fillNoise) => {
      const next = tf.tidy(() => {
        const epsilonTheta = runLayers(layers, { x, cond: keptCond, time }, (layer, h, index) => {
          const y = conv1d(h, folded[index]!.weight, folded[index]!.bias);
          return layer.normalised ? tf.elu(y) : y;
        });
        const mean: Tensor2D = tf.add(tf.mul(x, a), tf.mul(epsilonTheta, b));
        if (sigma === 0) return mean;
        fillNoise(noise);
        return tf.add<Tensor2D>(mean, tf.mul(tf.tensor2d(noise, [n, w]), sigma));
      });
      x.dispose();
      x = tf.keep(next);
    },
    read: async () => (await x.data<'float32'>()).slice(),
    dispose: () => tf.dispose([x, keptCond, ...folded.flatMap(({ weight, bias }) => [weight, bias])]),
  };
}

/** Convolution weight and bias that compute convolution and batch norm (running statistics) in one. */
function foldBatchNorm({ prefix, normalised }: DenoiserLayer, weights: Weights): { weight: Tensor3D; bias: Tensor1D } {
  const folded = tf.tidy(() => {
    const weight = weights.filter(`${prefix}.0.weight`);
    const bias = weights.vector(`${prefix}.0.bias`);
    if (!normalised) return { weight: tf.clone(weight), bias: tf.clone(bias) };
    const norm = (part: string) => weights.vector(`${prefix}.1.0.${part}`);
    const scale: Tensor1D = tf.mul(norm('weight'), tf.rsqrt(tf.add(norm('running_var'), batchNormEps)));
    return {
      weight: tf.mul<Tensor3D>(weight, reshape(scale, [weight.shape[0], 1, 1])),
      bias: tf.add<Tensor1D>(tf.mul(tf.sub(bias, norm('running_mean')), scale), norm('bias')),
    };
  });
  tf.keep(folded.weight);
  tf.keep(folded.bias);
  return folded;
}
