// One convolution on the kernel, by the direct sum or by fast filtering with half the products: which of the two, its packed
// weights and its scratch are decided here, so that the stack need not know.
import type { Kernel, Pointer } from '../kernel/kernel';

/** Shape of a convolution. */
export interface ConvolutionShape {
  inputs: number;
  outputs: number;
  taps: number;
}

/** Fast filtering is written for 7 taps; with few channels its transforms cost more than the products it saves. */
function isFast({ inputs, outputs, taps }: ConvolutionShape): boolean {
  return taps === 7 && inputs >= 4 && outputs >= 4;
}

const points = 7;
const groups = 2;

/** A convolution whose weights change every step, with its gradients. Arrays live in the kernel until its reset. */
export interface TrainedConvolution {
  /** Copies weights in and prepares both directions. */
  load(weight: Float32Array): void;
  /** y (plane) = conv(u (haloed)) + bias. */
  forward(u: Pointer, y: Pointer, bias: Pointer): void;
  /** (outputs, inputs, taps), of the inputs of the last `forward`. */
  weightGradient(dy: Pointer, u: Pointer): Float32Array;
  /** du (plane) from dy (haloed). */
  inputGradient(dy: Pointer, du: Pointer): void;
}

/** Allocates a convolution for a number of rows. `scratch` may be shared by all convolutions of a kernel. */
export function createTrainedConvolution(
  kernel: Kernel,
  shape: ConvolutionShape,
  rows: number,
  scratch: Scratch,
): TrainedConvolution {
  const { inputs, outputs, taps } = shape;
  const { call } = kernel;
  const nWeights = inputs * outputs * taps;
  const weight = kernel.floats(nWeights);
  const fast = isFast(shape);
  const packed = kernel.floats(packedFloats(shape));
  const packedTransposed = kernel.floats(packedFloats({ inputs: outputs, outputs: inputs, taps }));
  const fastGradient = fast && !kernel.prefersDirectGradient;
  const transformed = fastGradient ? kernel.floats(rows * transformedFloats(kernel, inputs)) : scratch.transformed;
  const read = () => kernel.viewFloats(scratch.gradient, nWeights).slice();
  return {
    load: values => {
      kernel.viewFloats(weight, nWeights).set(values);
      if (fast) {
        call.packFast(weight, packed, outputs, inputs, 0);
        call.packFast(weight, packedTransposed, outputs, inputs, 1);
      } else {
        call.pack(weight, packed, outputs, inputs, 0);
        call.pack(weight, packedTransposed, outputs, inputs, 1);
      }
    },
    forward: (u, y, bias) => {
      if (fast)
        call.fastConvolve(
          u,
          transformed,
          fastGradient ? 1 : 0,
          y,
          rows,
          inputs,
          outputs,
          packed,
          bias,
          scratch.products,
        );
      else call.convolve(u, y, rows, inputs, outputs, packed, bias);
    },
    weightGradient: (dy, u) => {
      const { gradient, sums, products } = scratch;
      if (fastGradient) call.fastWeightGradient(dy, transformed, gradient, sums, products, rows, inputs, outputs);
      else call.weightGradient(dy, u, gradient, sums, rows, inputs, outputs);
      return read();
    },
    inputGradient: (dy, du) => {
      const { transformed: row, products } = scratch;
      if (fast) call.fastConvolve(dy, row, 0, du, rows, outputs, inputs, packedTransposed, 0, products);
      else call.convolve(dy, du, rows, outputs, inputs, packedTransposed, 0);
    },
  };
}

/** A convolution of fixed weights: y (plane) = conv(u (haloed)) + bias for some rows. */
export function createFixedConvolution(
  kernel: Kernel,
  shape: ConvolutionShape,
  values: { weight: Float32Array; bias: Float32Array },
  scratch: Scratch,
): (u: Pointer, y: Pointer, rows: number) => void {
  const { inputs, outputs } = shape;
  const { call } = kernel;
  const weight = kernel.floats(values.weight.length);
  const bias = kernel.floats(outputs);
  const packed = kernel.floats(packedFloats(shape));
  kernel.viewFloats(weight, values.weight.length).set(values.weight);
  kernel.viewFloats(bias, outputs).set(values.bias);
  if (!isFast(shape)) {
    call.pack(weight, packed, outputs, inputs, 0);
    return (u, y, rows) => call.convolve(u, y, rows, inputs, outputs, packed, bias);
  }
  call.packFast(weight, packed, outputs, inputs, 0);
  const { transformed, products } = scratch;
  return (u, y, rows) => call.fastConvolve(u, transformed, 0, y, rows, inputs, outputs, packed, bias, products);
}

/** Arrays that convolutions use one after the other. */
export interface Scratch {
  gradient: Pointer;
  sums: Pointer;
  /** One row of inputs at the points. */
  transformed: Pointer;
  /** One row of products, or some rows of dy, at the points. */
  products: Pointer;
}

/** Scratch that is large enough for every one of the shapes, in both directions. */
export function allocateScratch(kernel: Kernel, shapes: readonly ConvolutionShape[]): Scratch {
  const most = (size: (shape: ConvolutionShape) => number) => Math.max(0, ...shapes.map(size));
  const channels = most(({ inputs, outputs }) => Math.max(inputs, outputs));
  const tiles = kernel.width / 4;
  const gradientRows = ({ inputs, outputs }: ConvolutionShape) =>
    kernel.call.fastGradientRows(inputs, outputs) * points * outputs * tiles;
  return {
    gradient: kernel.floats(most(({ inputs, outputs, taps }) => inputs * outputs * taps)),
    sums: kernel.floats(4 * most(({ inputs, outputs, taps }) => inputs * outputs * Math.max(taps, points * groups))),
    transformed: kernel.floats(transformedFloats(kernel, channels)),
    products: kernel.floats(Math.max(points * channels * tiles, most(gradientRows))),
  };
}

function packedFloats(shape: ConvolutionShape): number {
  const blocks = Math.ceil(shape.outputs / 4) * 4 * shape.inputs;
  return blocks * (isFast(shape) ? points * groups : shape.taps);
}

/** One row of inputs at the points: one more tile than outputs have, padded. */
function transformedFloats(kernel: Kernel, channels: number): number {
  return points * channels * (kernel.width / 4 + 4);
}
