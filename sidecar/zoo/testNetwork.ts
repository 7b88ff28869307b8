// Tests a zoo network on a range of labelled images: predictions, loss and how many are right. Pure and single-threaded.
import type { LabelledImages } from './imageData';
import { createNetwork, type Network } from './network';
import type { NetworkSpec } from './networkSpec';

/** The outcome on images `from` … `to`. */
export interface RangeOutcome {
  /** Sum of the cross entropies, in nats. */
  readonly lossSum: number;
  readonly correct: number;
  /** (to - from), the predicted classes. */
  readonly predictions: Uint8Array;
}

/** A tester that reuses one network's memory from call to call. */
export function createRangeTester(
  spec: NetworkSpec,
  images: LabelledImages,
): (weights: Float32Array, from: number, to: number) => RangeOutcome {
  const network: Network = createNetwork(spec);
  const imageSize = images.height * images.width;
  return (weights, from, to) => {
    network.parameters.set(weights);
    const predictions = new Uint8Array(to - from);
    let lossSum = 0;
    let correct = 0;
    for (let i = from; i < to; i++) {
      network.forward(images.pixels, i * imageSize);
      const label = images.labels[i]!;
      const { loss, predicted } = network.judge(label);
      lossSum += loss;
      if (predicted === label) correct++;
      predictions[i - from] = predicted;
    }
    return { lossSum, correct, predictions };
  };
}
