// The denoiser's convolutions as one exchangeable part, the hot spot of training and sampling. A stack has two programs:
// training (batch statistics, differentiable) and sampling (running statistics folded into the convolutions). `tfConvStack`
// composes tfjs operations on any backend; `kernelConvStack` runs a hand-written SIMD kernel beside the wasm backend.
import type { Tensor1D, Tensor2D } from '../tf';

/** *Shapes* all (n, dimPerToken), one row per token; `time` and `cond` enter every layer as (h + cond) · time. */
export interface StackInputs {
  x: Tensor2D;
  cond: Tensor2D;
  time: Tensor2D;
}

/** Statistics of one batch-norm layer over the whole batch, of all workers: mean and *unbiased* variance. *Memory* the receiver keeps or drops. */
export type OnStatistics = (layer: number, mean: Tensor1D, variance: Tensor1D) => void;

export interface ConvStack {
  /** Predicted noise, differentiable in cond, time and the stack's weights. *Shapes* → (n, dimPerToken). */
  train(inputs: StackInputs, onStatistics: OnStatistics): Tensor2D;
  /** Begins a sampling run of n rows. *Shapes* x (n · dimPerToken), cond (n, dimPerToken). */
  startSampling(x: Float32Array, cond: Tensor2D): SamplingRun;
  /** Bytes held outside tfjs. */
  bytes(): number;
  dispose(): void;
}

/** Rows on their way from noise to tokens. */
export interface SamplingRun {
  /**
   * x ← a·x + b·epsilonTheta(x, time) + sigma·noise. `fillNoise` is called only where sigma is not 0.
   * *Shapes* time (1, dimPerToken), the same for all rows.
   */
  step(time: Tensor2D, step: { a: number; b: number; sigma: number }, fillNoise: (out: Float32Array) => void): void;
  /** The rows as they are now. */
  read(): Promise<Float32Array>;
  dispose(): void;
}
