// Tests a zoo network on a range of labelled images: predictions, loss and how many are right. Pure and single-threaded.
import type { LabelledImages } from './imageData';
import { argmax, crossEntropy } from './layers/linear';
import type { NetworkSpec } from './networkSpec';
import { compileForward, lanes } from './simd/forward';

/** The outcome on images `from` … `to`. */
export interface RangeOutcome {
  /** Sum of the cross entropies, in nats. */
  readonly lossSum: number;
  readonly correct: number;
  /** (to - from), the predicted classes. */
  readonly predictions: Uint8Array;
  /** (to - from, classes) */
  readonly probabilities: Float32Array;
}

/** A tester that reuses one network's memory from call to call. *Shapes* weights (parameters). */
export function createRangeTester(
  spec: NetworkSpec,
  images: LabelledImages,
): (weights: Float32Array, from: number, to: number) => RangeOutcome {
  const network = compileForward(spec);
  const imageSize = images.height * images.width;
  const logits = new Float64Array(spec.nClasses); // of one lane
  return (weights, from, to) => {
    network.parameters.set(weights);
    const predictions = new Uint8Array(to - from);
    const probabilities = new Float32Array((to - from) * spec.nClasses);
    let lossSum = 0;
    let correct = 0;
    for (let first = from; first < to; first += lanes) {
      const used = Math.min(lanes, to - first); // the last lanes may hold images of before
      for (let lane = 0; lane < used; lane++) network.setImage(lane, images.pixels, (first + lane) * imageSize);
      network.run();
      for (let lane = 0; lane < used; lane++) {
        for (let c = 0; c < logits.length; c++) logits[c] = network.logits[c * lanes + lane]!;
        const label = images.labels[first + lane]!;
        const predicted = argmax(logits);
        lossSum += crossEntropy(logits, label);
        if (predicted === label) correct++;
        predictions[first + lane - from] = predicted;
        softmax(logits, probabilities, (first + lane - from) * spec.nClasses);
      }
    }
    return { lossSum, correct, predictions, probabilities };
  };
}

/** exp(x) over its sum, written to `out` from `at` on; the largest is taken off first, so that nothing overflows. */
function softmax(logits: Float64Array, out: Float32Array, at: number): void {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let c = 0; c < logits.length; c++) sum += out[at + c] = Math.exp(logits[c]! - largest);
  for (let c = 0; c < logits.length; c++) out[at + c]! /= sum;
}
