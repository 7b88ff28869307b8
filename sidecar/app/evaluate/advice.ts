// What to try next where generated networks are broken or undertrained: from what the run itself shows.
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { MetricsLine } from '../../../protocol/runRecords';
import { medianOf } from '../../../shared/statistics';
import { formatNumber } from '../../../shared/words';

/** The loss is still falling where its last fifth is lower than the fifth before by this share. */
const falling = 0.03;
/** The loss of predicting unit noise by zero is 1: what is above this has hardly learned. */
const hardlyLearned = 0.5;
/** Smaller ones are not worth their number. *Units* weights */
const smallestToken = 16;

/** One sentence, or null where the run shows nothing to change. */
export function adviceFor(config: ResolvedRunConfig, metrics: readonly MetricsLine[]): string | null {
  const fifth = Math.floor(metrics.length / 5);
  if (fifth < 5) return 'It was trained for a few steps only; train it for longer.';
  const medianLoss = (from: number, to?: number): number => medianOf(metrics.slice(from, to).map(({ loss }) => loss))!;
  const last = medianLoss(-fifth);
  const before = medianLoss(-2 * fifth, -fifth);
  const { steps, learningRate } = config.training;
  if (last > before * (1 + falling))
    return `The loss was rising at the end (${formatNumber(before)} to ${formatNumber(last)}): try a lower learning rate, such as training.learningRate ${setting(learningRate / 3)}.`;
  if (last < before * (1 - falling))
    return `The loss was still falling at the end (${formatNumber(before)} to ${formatNumber(last)}): train for longer, such as training.steps ${2 * steps}.`;
  if (last > hardlyLearned)
    return `The loss has stayed at ${formatNumber(last)}: try a higher learning rate, such as training.learningRate ${setting(learningRate * 3)}.`;
  const { dimPerToken } = config.tokens;
  if (dimPerToken < 2 * smallestToken) return null;
  return `The loss no longer falls (${formatNumber(last)}): try smaller tokens, such as tokens.dimPerToken ${Math.floor(dimPerToken / 2)}.`;
}

/** As one would type it. */
const setting = (value: number): string => String(Number(value.toPrecision(2)));
