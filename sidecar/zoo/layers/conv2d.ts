// 2-D convolution of one image, stride 1, no padding, forward and backward, in float64. The clear version takes any kernel;
// `convolveRows5` is the same sum for 5×5 kernels with the sliding window held in registers (1.6 against 0.6 GMAC/s on one
// 2-core-CPU thread, Node 20). Letters: i input channel, o output channel, (y, x) output position, (u, v) kernel position.

/** Sizes of one convolution. */
export interface ConvShape {
  readonly inChannels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outChannels: number;
  readonly kernelSize: number;
}

/**
 * out[o, y, x] = bias[o] + Σ_{i,u,v} weight[o, i, u, v] · input[i, y+u, x+v].
 * *Shapes* input (inChannels, inHeight, inWidth); weight (outChannels, inChannels, k, k) from `weightAt` in `parameters`,
 * bias (outChannels) from `biasAt`; output (outChannels, inHeight-k+1, inWidth-k+1).
 */
export function convForward(
  shape: ConvShape,
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  biasAt: number,
  output: Float64Array,
): void {
  const plane = (shape.inHeight - shape.kernelSize + 1) * (shape.inWidth - shape.kernelSize + 1);
  for (let o = 0; o < shape.outChannels; o++) output.fill(parameters[biasAt + o]!, o * plane, (o + 1) * plane);
  if (shape.kernelSize === 5) convolveRows5(shape, input, parameters, weightAt, output);
  else convolveReference(shape, input, parameters, weightAt, output);
}

/** Adds the convolution to `output`, one multiplication at a time. */
export function convolveReference(
  shape: ConvShape,
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  output: Float64Array,
): void {
  const { inChannels, inHeight, inWidth, outChannels, kernelSize: k } = shape;
  const outHeight = inHeight - k + 1;
  const outWidth = inWidth - k + 1;
  for (let o = 0; o < outChannels; o++)
    for (let i = 0; i < inChannels; i++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++) {
          const w = parameters[weightAt + ((o * inChannels + i) * k + u) * k + v]!;
          for (let y = 0; y < outHeight; y++) {
            const inputRow = (i * inHeight + y + u) * inWidth + v;
            const outputRow = (o * outHeight + y) * outWidth;
            for (let x = 0; x < outWidth; x++) output[outputRow + x]! += w * input[inputRow + x]!;
          }
        }
}

/** Adds a 5×5 convolution to `output`: along a row the five inputs slide through registers, one load for five products. */
export function convolveRows5(
  shape: ConvShape,
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  output: Float64Array,
): void {
  const { inChannels, inHeight, inWidth, outChannels } = shape;
  const outHeight = inHeight - 4;
  const outWidth = inWidth - 4;
  for (let o = 0; o < outChannels; o++)
    for (let i = 0; i < inChannels; i++)
      for (let u = 0; u < 5; u++) {
        const w = weightAt + ((o * inChannels + i) * 5 + u) * 5;
        const w0 = parameters[w]!;
        const w1 = parameters[w + 1]!;
        const w2 = parameters[w + 2]!;
        const w3 = parameters[w + 3]!;
        const w4 = parameters[w + 4]!;
        for (let y = 0; y < outHeight; y++) {
          let at = (i * inHeight + y + u) * inWidth;
          let to = (o * outHeight + y) * outWidth;
          const end = to + outWidth;
          let a = input[at]!;
          let b = input[at + 1]!;
          let c = input[at + 2]!;
          let d = input[at + 3]!;
          for (at += 4; to < end; to++, at++) {
            const e = input[at]!;
            output[to]! += w0 * a + w1 * b + w2 * c + w3 * d + w4 * e;
            a = b;
            b = c;
            c = d;
            d = e;
          }
        }
      }
}

/**
 * Adds to the gradients of weight and bias and, unless `inputGradient` is null (the first layer needs none), writes the
 * gradient of the input. Positions whose gradient is zero are passed over: below a 2×2 max pool that is three of four.
 * *Shapes* as in `convForward`; `gradients` is laid out like `parameters`.
 */
export function convBackward(
  shape: ConvShape,
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  biasAt: number,
  outputGradient: Float64Array,
  gradients: Float64Array,
  inputGradient: Float64Array | null,
): void {
  const { inChannels, inHeight, inWidth, outChannels, kernelSize: k } = shape;
  const outHeight = inHeight - k + 1;
  const outWidth = inWidth - k + 1;
  inputGradient?.fill(0);
  for (let o = 0; o < outChannels; o++)
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++) {
        const g = outputGradient[(o * outHeight + y) * outWidth + x]!;
        if (g === 0) continue;
        gradients[biasAt + o]! += g;
        for (let i = 0; i < inChannels; i++)
          for (let u = 0; u < k; u++) {
            const from = (i * inHeight + y + u) * inWidth + x;
            const w = weightAt + ((o * inChannels + i) * k + u) * k;
            for (let v = 0; v < k; v++) gradients[w + v]! += g * input[from + v]!;
            if (inputGradient !== null) for (let v = 0; v < k; v++) inputGradient[from + v]! += g * parameters[w + v]!;
          }
      }
}
