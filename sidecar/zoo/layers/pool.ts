// 2×2 pools with stride 2 of one image, forward and backward. An odd last row or column is dropped, as PyTorch drops it.
import type { FeatureShape } from '../networkSpec';

/**
 * The largest of four. `winners` receives the input index of each maximum (the first of equals), which backward needs.
 * *Shapes* input (c, h, w), output and winners (c, ⌊h/2⌋, ⌊w/2⌋).
 */
export function maxPoolForward(
  [channels, height, width]: FeatureShape,
  input: Float64Array,
  output: Float64Array,
  winners: Int32Array,
): void {
  let to = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y + 1 < height; y += 2)
      for (let x = 0; x + 1 < width; x += 2, to++) {
        const top = (c * height + y) * width + x;
        let winner = top;
        if (input[top + 1]! > input[winner]!) winner = top + 1;
        if (input[top + width]! > input[winner]!) winner = top + width;
        if (input[top + width + 1]! > input[winner]!) winner = top + width + 1;
        winners[to] = winner;
        output[to] = input[winner]!;
      }
}

/** The gradient goes to each maximum, zero elsewhere. */
export function maxPoolBackward(outputGradient: Float64Array, winners: Int32Array, inputGradient: Float64Array): void {
  inputGradient.fill(0);
  for (let i = 0; i < winners.length; i++) inputGradient[winners[i]!]! += outputGradient[i]!;
}

/** The mean of four. *Shapes* as `maxPoolForward`. */
export function averagePoolForward(
  [channels, height, width]: FeatureShape,
  input: Float64Array,
  output: Float64Array,
): void {
  let to = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y + 1 < height; y += 2)
      for (let x = 0; x + 1 < width; x += 2, to++) {
        const top = (c * height + y) * width + x;
        output[to] = (input[top]! + input[top + 1]! + input[top + width]! + input[top + width + 1]!) / 4;
      }
}

/** A quarter of the gradient to each of four. *Shapes* as `maxPoolForward`. */
export function averagePoolBackward(
  [channels, height, width]: FeatureShape,
  outputGradient: Float64Array,
  inputGradient: Float64Array,
): void {
  inputGradient.fill(0);
  let from = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y + 1 < height; y += 2)
      for (let x = 0; x + 1 < width; x += 2, from++) {
        const top = (c * height + y) * width + x;
        const quarter = outputGradient[from]! / 4;
        inputGradient[top] = quarter;
        inputGradient[top + 1] = quarter;
        inputGradient[top + width] = quarter;
        inputGradient[top + width + 1] = quarter;
      }
}
