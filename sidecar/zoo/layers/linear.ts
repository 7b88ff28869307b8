// The fully connected layer, the leaky rectifier and the softmax cross entropy of one image, forward and backward, float64.

/**
 * out[o] = bias[o] + Σ_i weight[o, i] · input[i].
 * *Shapes* input (nIn), output (nOut); weight (nOut, nIn) from `weightAt` in `parameters`, bias (nOut) from `biasAt`.
 */
export function linearForward(
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  biasAt: number,
  output: Float64Array,
): void {
  const nIn = input.length;
  for (let o = 0; o < output.length; o++) {
    let sum = parameters[biasAt + o]!;
    const row = weightAt + o * nIn;
    for (let i = 0; i < nIn; i++) sum += parameters[row + i]! * input[i]!;
    output[o] = sum;
  }
}

/** Adds to the gradients of weight and bias and, unless it is null, writes the gradient of the input. */
export function linearBackward(
  input: Float64Array,
  parameters: Float64Array,
  weightAt: number,
  biasAt: number,
  outputGradient: Float64Array,
  gradients: Float64Array,
  inputGradient: Float64Array | null,
): void {
  const nIn = input.length;
  inputGradient?.fill(0);
  for (let o = 0; o < outputGradient.length; o++) {
    const g = outputGradient[o]!;
    if (g === 0) continue;
    gradients[biasAt + o]! += g;
    const row = weightAt + o * nIn;
    for (let i = 0; i < nIn; i++) gradients[row + i]! += g * input[i]!;
    if (inputGradient !== null) for (let i = 0; i < nIn; i++) inputGradient[i]! += g * parameters[row + i]!;
  }
}

/** max(x, 0) + slope · min(x, 0). */
export function leakyReluForward(negativeSlope: number, input: Float64Array, output: Float64Array): void {
  for (let i = 0; i < input.length; i++) {
    const x = input[i]!;
    output[i] = x > 0 ? x : negativeSlope * x;
  }
}

/** At 0 the slope counts as `negativeSlope`, as in PyTorch. */
export function leakyReluBackward(
  negativeSlope: number,
  input: Float64Array,
  outputGradient: Float64Array,
  inputGradient: Float64Array,
): void {
  for (let i = 0; i < input.length; i++)
    inputGradient[i] = input[i]! > 0 ? outputGradient[i]! : negativeSlope * outputGradient[i]!;
}

/** -log softmax(logits)[label], in nats; NaN where a logit is not a number. */
export function crossEntropy(logits: Float64Array, label: number): number {
  return logSumExp(logits) - logits[label]!;
}

/** softmax(logits) - oneHot(label), times `scale` (1 / batch size for a mean over the batch). */
export function crossEntropyGradient(
  logits: Float64Array,
  label: number,
  scale: number,
  logitGradient: Float64Array,
): void {
  const total = logSumExp(logits);
  for (let c = 0; c < logits.length; c++)
    logitGradient[c] = scale * (Math.exp(logits[c]! - total) - (c === label ? 1 : 0));
}

/** The first largest; 0 where no logit is a number, so that a broken network still has a prediction to compare. */
export function argmax(logits: Float64Array): number {
  let best = 0;
  for (let c = 1; c < logits.length; c++) if (logits[c]! > logits[best]!) best = c;
  return best;
}

function logSumExp(logits: Float64Array): number {
  let largest = logits[0]!;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}
