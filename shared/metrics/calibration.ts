// Whether a network is as right as it is sure: its expected calibration error, and the negative log-likelihood of the right
// classes. Only of tests that tell probabilities.
// *Source* Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017, equations 3 and 5.
import type { Predictions, Probabilities, TestOutcome } from '../testOutcome';
import { fixed, percent } from '../words';
import { metricOfTests } from './metric';

const nBins = 15;
/** A right class that is given nothing counts as this little: what is left of 1 in float32. */
const leastProbability = 2 ** -24;

/** Mean over the samples of |accuracy − confidence| of the bin of equal width that their confidence lies in. In [0, 1]. */
export function calibrationError({ predicted, expected }: Predictions, { classes, values }: Probabilities): number {
  const [confidence, right] = [new Float64Array(nBins), new Float64Array(nBins)]; // sums over the bin
  for (let i = 0; i < expected.length; i++) {
    const sure = highest(values, i * classes, classes);
    const bin = Math.min(nBins - 1, Math.max(0, Math.ceil(sure * nBins) - 1)); // (0, 1/15], (1/15, 2/15], …
    confidence[bin]! += sure;
    if (predicted[i] === expected[i]) right[bin]!++;
  }
  return right.reduce((sum, count, bin) => sum + Math.abs(count - confidence[bin]!), 0) / expected.length;
}

/** Mean of −log of what the right class is given. *Units* nats */
export function negativeLogLikelihood({ expected }: Predictions, { classes, values }: Probabilities): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++)
    sum -= Math.log(Math.max(leastProbability, values[i * classes + expected[i]!]!));
  return sum / expected.length;
}

function highest(values: ArrayLike<number>, at: number, count: number): number {
  let most = values[at]!;
  for (let c = 1; c < count; c++) most = Math.max(most, values[at + c]!);
  return most;
}

const ofProbabilities =
  (compute: (predictions: Predictions, probabilities: Probabilities) => number) =>
  ({ predictions }: TestOutcome): number | null =>
    predictions?.probabilities && predictions.expected.length > 0
      ? compute(predictions, predictions.probabilities)
      : null;

export const calibration = metricOfTests('calibration', [
  {
    id: 'calibration-error',
    title: 'ECE',
    name: 'calibration error',
    help: `Expected calibration error: how far confidence and accuracy are apart, in ${nBins} bins`,
    format: percent,
    section: 'accuracy',
    of: ofProbabilities(calibrationError),
  },
  {
    id: 'negative-log-likelihood',
    title: 'NLL',
    name: 'negative log-likelihood',
    help: 'Negative log-likelihood of the right class, in nats',
    format: fixed(3),
    section: 'accuracy',
    of: ofProbabilities(negativeLogLikelihood),
  },
]);
