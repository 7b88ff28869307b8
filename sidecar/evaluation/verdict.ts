// What the table says in a few sentences: are the generated networks worth more than noise, and more than the best simple rival?
// Originals with more and more noise grow less similar to the originals and less accurate; that curve is what can be had for
// nothing. It is of noise alone and begins at none of it, a copy of an original. The generated networks are held against its point
// of the same similarity (arXiv 2506.07998 asks for such a comparison; this form of it is ours).
import type { EvaluationRow, Summary } from '../../protocol/evaluation';
import { equalNoise, judgedRows, noiseCurve, noiseLevel, type CorrectShares, type Judged } from './noiseCurve';

/** Differences below so many standard errors are called none. */
const significant = 2;
/** Networks this much less accurate than the originals are called broken where they are no better than noise. *Units* accuracy */
const brokenBy = 0.01;

/** Always a verdict: where something is missing for it, which. `advise`: what to try where the networks are broken, if anything. */
export function verdictOf(
  rows: readonly EvaluationRow[],
  correctOf: CorrectShares = () => null,
  advise: () => string | null = () => null,
): string {
  const judged = judgedRows(rows, correctOf);
  const [generated, originals] = (['generated', 'originals'] as const).map(group =>
    judged.find(({ row }) => row.group === group),
  );
  if (!generated || !originals || !judged.some(({ row }) => noiseLevel(row.group) !== null))
    return cannotBeSaid(missing(rows, generated, originals));
  const said = besideNoise(generated, originals, judged);
  const sentences = [said.sentence, besideRivals(generated, judged)];
  if (!said.isBetter && isBroken(generated, originals))
    sentences.push(
      `They are ${points(generated.accuracy.mean - originals.accuracy.mean)} than the originals: broken or undertrained rather than new.`,
      advise(),
    );
  return sentences.filter(sentence => sentence !== null).join(' ');
}

const cannotBeSaid = (reason: string): string =>
  `Whether the generated networks are worth more than noise cannot be said: ${reason}.`;

/** What is not there. */
function missing(rows: readonly EvaluationRow[], generated: Judged | undefined, originals: Judged | undefined): string {
  if (!rows.some(({ group, count }) => group === 'generated' && count > 0)) return 'there are none';
  if (!rows.some(({ failed, count }) => failed < count)) return 'no network could be tested';
  if (!rows.some(({ accuracy }) => accuracy !== null)) return 'nothing was tested';
  if (!generated) return 'none of them could be tested';
  return originals ? 'no noise was tested beside them' : 'no original could be tested';
}

interface BesideNoise {
  readonly sentence: string;
  readonly isBetter: boolean;
}

function besideNoise(generated: Judged, originals: Judged, judged: readonly Judged[]): BesideNoise {
  const notBetter = (sentence: string): BesideNoise => ({ sentence, isBetter: false });
  const found = noiseCurve(originals, judged, generated);
  if (found === null) return notBetter(cannotBeSaid('neither similarity nor distance to the originals is known'));
  const { curve, kinship } = found;
  const { kind, noise } = equalNoise(curve, kinship.farness(generated.row)!);
  const near = kinship.words(generated.row);
  if (kind === 'weaker')
    return notBetter(
      `The generated networks repeat the originals: they are closer to them (${near}) than noise of ${noise.level}.`,
    );
  const difference = compare(generated, noise);
  const than = `originals with noise of about ${noise.level.toFixed(3)}, which are ${kinship.asNear} (${near})`;
  if (difference.error === null)
    return notBetter(
      cannotBeSaid(
        `with one network and no predictions there is no error; they are ${points(difference.mean)} than ${than}`,
      ),
    );
  const isEqual = !isTold(difference);
  const isBetter = !isEqual && difference.mean > 0;
  const amount = `${points(difference.mean)} (${certaintyOf(difference)})`;
  if (kind === 'stronger') {
    const sentence = `The generated networks are ${kinship.farther} (${near}) than noise of ${noise.level}, the strongest tested, and ${amount}`;
    return { sentence: `${sentence}${isBetter ? ': better than noise' : ''}.`, isBetter };
  }
  if (isEqual)
    return notBetter(
      `The generated networks are worth about as much as noise: they are as accurate (${points(difference.mean)}, ${certaintyOf(difference)}) as ${than}.`,
    );
  return {
    sentence: `The generated networks are ${isBetter ? 'better' : 'worse'} than noise: ${amount} than ${than}.`,
    isBetter,
  };
}

/** The most accurate of the baselines that are not noise; null without any. */
function besideRivals(generated: Judged, judged: readonly Judged[]): string | null {
  const rivals = judged.filter(({ row }) => row.group.startsWith('baseline: ') && noiseLevel(row.group) === null);
  if (rivals.length === 0) return null;
  const best = rivals.reduce((a, b) => (b.accuracy.mean > a.accuracy.mean ? b : a));
  const difference = compare(best, generated);
  const name = best.row.group.replace(/^baseline: /, '');
  const near = best.row.maxIouWithOriginals;
  const rival = `The best simple rival, ${name}${near === null ? '' : `, highest IoU ${near.toFixed(3)}`},`;
  const amount = points(difference.mean);
  if (difference.error === null) return `${rival} is ${amount}${beatsAll(best, generated)}.`;
  if (!isTold(difference)) return `${rival} is as accurate (${amount}, ${certaintyOf(difference)}).`;
  return `${rival} is ${amount} (${certaintyOf(difference)})${beatsAll(best, generated)}.`;
}

const beatsAll = (rival: Judged, generated: Judged): string =>
  rival.accuracy.mean > generated.accuracy.best ? ', more than the best of them' : '';

function isBroken(generated: Judged, originals: Judged): boolean {
  const { mean, error } = compare(generated, originals);
  return -mean > Math.max(brokenBy, significant * (error ?? 0));
}

interface Difference {
  /** a − b. */
  readonly mean: number;
  /** Standard error; null where it is not known. */
  readonly error: number | null;
  /** What the error is over, where that must be said. */
  readonly over: string;
}

/**
 * Of the mean accuracies; its error is over networks where there are several of both, and over test samples, paired, where
 * predictions are known.
 */
function compare(a: Accuracies, b: Accuracies): Difference {
  const mean = a.accuracy.mean - b.accuracy.mean;
  const overNetworks = squaredError(a.accuracy) + squaredError(b.accuracy);
  const hasNetworks = a.accuracy.count > 1 && b.accuracy.count > 1;
  const overSamples = a.correct && b.correct ? squaredErrorOfPairs(a.correct, b.correct) : null;
  if (overSamples === null && !hasNetworks) return { mean, error: null, over: '' };
  const over = hasNetworks ? (overSamples === null ? '' : ' over networks and samples') : ' over samples alone';
  return { mean, error: Math.sqrt(overNetworks + (overSamples ?? 0)), over };
}

interface Accuracies extends Pick<Judged, 'correct'> {
  readonly accuracy: Pick<Summary, 'mean' | 'sd' | 'count'>;
}

/** Larger than chance would make it. */
const isTold = ({ mean, error }: Difference): boolean => Math.abs(mean) > significant * (error ?? 0);

const certaintyOf = ({ error, over }: Difference): string => `standard error ${hundredths(error ?? 0)}${over}`;

const squaredError = ({ sd, count }: Pick<Summary, 'sd' | 'count'>): number => sd ** 2 / count;

/** Of the mean of a[i] − b[i]. *Shapes* a, b (samples) */
function squaredErrorOfPairs(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  const n = Math.min(a.length, b.length);
  if (n < 2) return null;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += (a[i]! - b[i]!) / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (a[i]! - b[i]! - mean) ** 2;
  return squares / (n - 1) / n;
}

const hundredths = (share: number): string => (100 * share).toFixed(2);
const points = (difference: number): string =>
  `${hundredths(Math.abs(difference))} points ${difference < 0 ? 'less' : 'more'} accurate`;
