// What the table says in a few sentences: are the generated networks worth more than noise, and more than the best simple rival?
// Originals with more and more noise grow less similar to the originals and less accurate; that curve is what can be had for
// nothing. It is of noise alone and begins at none of it, a copy of an original. The generated networks are held against its point
// of the same similarity (arXiv 2506.07998 asks for such a comparison; this form of it is ours).
import type { EvaluationRow, Summary } from '../../protocol/evaluation';
import { equalNoise, noiseCurve, noiseLevel, type Judged, type Kinship } from './noiseCurve';

/** Share of a group's networks that were right, by test sample; null where the test tells no predictions. */
export type CorrectShares = (group: EvaluationRow['group']) => ArrayLike<number> | null;

/** Differences below so many standard errors are called none. */
const significant = 2;
/** Networks this much less accurate than the originals are called broken where they are no better than noise. *Units* accuracy */
const brokenBy = 0.01;

/** Always a verdict: where something is missing for it, which. `advice`: what to try where the networks are broken. */
export function verdictOf(
  rows: readonly EvaluationRow[],
  correctOf: CorrectShares = () => null,
  advice: string | null = null,
): string {
  const judged = rows.flatMap(row => (row.accuracy === null ? [] : [{ row, accuracy: row.accuracy }])).map(withShares);
  const [generated, originals] = (['generated', 'originals'] as const).map(group =>
    judged.find(({ row }) => row.group === group),
  );
  const reason = missing(rows, generated, originals);
  if (reason !== null) return `Whether the generated networks are worth more than noise cannot be said: ${reason}.`;
  const said = besideNoise(generated!, originals!, judged);
  const sentences = [said.sentence, besideRivals(generated!, judged)];
  if (!said.isBetter && isBroken(generated!, originals!))
    sentences.push(
      `They are ${points(generated!.accuracy.mean - originals!.accuracy.mean)} than the originals: broken or undertrained rather than new.`,
      ...(advice === null ? [] : [advice]),
    );
  return sentences.filter(sentence => sentence !== '').join(' ');

  function withShares({ row, accuracy }: { row: EvaluationRow; accuracy: Summary }): Judged {
    return { row, accuracy, correct: correctOf(row.group) };
  }
}

function missing(
  rows: readonly EvaluationRow[],
  generated: Judged | undefined,
  originals: Judged | undefined,
): string | null {
  if (!rows.some(({ group, count }) => group === 'generated' && count > 0)) return 'there are none';
  if (!rows.some(({ failed, count }) => failed < count)) return 'no network could be tested';
  if (!rows.some(({ accuracy }) => accuracy !== null)) return 'nothing was tested';
  if (!generated) return 'none of them could be tested';
  if (!originals) return 'no original could be tested';
  if (!rows.some(({ group, accuracy }) => noiseLevel(group) !== null && accuracy !== null))
    return 'no noise was tested beside them';
  return null;
}

function besideNoise(
  generated: Judged,
  originals: Judged,
  judged: readonly Judged[],
): { sentence: string; isBetter: boolean } {
  const found = noiseCurve(originals, judged, generated);
  if (found === null) {
    const reason = 'neither similarity nor distance to the originals is known';
    return {
      sentence: `Whether the generated networks are worth more than noise cannot be said: ${reason}.`,
      isBetter: false,
    };
  }
  const { curve, kinship } = found;
  const equal = equalNoise(curve, kinship.farness(generated.row)!);
  const near = kinship.words(generated.row);
  if (equal.kind === 'weaker')
    return {
      sentence: `The generated networks repeat the originals: they are closer to them (${near}) than noise of ${equal.level}.`,
      isBetter: false,
    };
  const difference = compare(generated, equal.noise);
  const noise = describeNoise(equal, kinship, near);
  if (difference.error === null)
    return {
      sentence: `Whether the generated networks are worth more than noise cannot be said: with one network and no predictions there is no error; they are ${points(difference.mean)} than ${noise}.`,
      isBetter: false,
    };
  const isEqual = Math.abs(difference.mean) <= significant * difference.error;
  const certainty = `standard error ${hundredths(difference.error)}${difference.over}`;
  if (equal.kind === 'stronger')
    return {
      sentence: `The generated networks are ${kinship.farther} (${near}) than noise of ${equal.level}, the strongest tested, and ${points(difference.mean)} (${certainty})${difference.mean > 0 && !isEqual ? ': better than noise' : ''}.`,
      isBetter: difference.mean > 0 && !isEqual,
    };
  return {
    sentence: isEqual
      ? `The generated networks are worth about as much as noise: they are as accurate (${points(difference.mean)}, ${certainty}) as ${noise}.`
      : `The generated networks are ${difference.mean > 0 ? 'better' : 'worse'} than noise: ${points(difference.mean)} (${certainty}) than ${noise}.`,
    isBetter: !isEqual && difference.mean > 0,
  };
}

function describeNoise({ noise }: { noise: { level: number } }, kinship: Kinship, near: string): string {
  return `originals with noise of about ${noise.level.toFixed(3)}, which are ${kinship.asNear} (${near})`;
}

/** The most accurate of the baselines that are not noise. */
function besideRivals(generated: Judged, judged: readonly Judged[]): string {
  const rivals = judged.filter(({ row }) => row.group.startsWith('baseline: ') && noiseLevel(row.group) === null);
  if (rivals.length === 0) return '';
  const best = rivals.reduce((a, b) => (b.accuracy.mean > a.accuracy.mean ? b : a));
  const { mean, error, over } = compare(best, generated);
  const name = best.row.group.replace(/^baseline: /, '');
  const certainty = error === null ? '' : ` (standard error ${hundredths(error)}${over})`;
  const near = best.row.maxIouWithOriginals;
  const kin = near === null ? '' : `, highest IoU ${near.toFixed(3)}`;
  const isMore = best.accuracy.mean > generated.accuracy.best ? ', more than the best of them' : '';
  if (error !== null && Math.abs(mean) <= significant * error)
    return `The best simple rival, ${name}${kin}, is as accurate (${points(mean)}${certainty.replace(/^ \(/, ', ').replace(/\)$/, '')}).`;
  return `The best simple rival, ${name}${kin}, is ${points(mean)}${certainty}${isMore}.`;
}

function isBroken(generated: Judged, originals: Judged): boolean {
  const { mean, error } = compare(generated, originals);
  return -mean > Math.max(brokenBy, significant * (error ?? 0));
}

/**
 * Difference of the mean accuracies, a − b, and its standard error: over networks where there are several of both, and over test
 * samples, paired, where predictions are known. Null where neither is.
 */
function compare(
  a: Pick<Judged, 'accuracy' | 'correct'>,
  b: Pick<Judged, 'correct'> & { readonly accuracy: Pick<Summary, 'mean' | 'sd' | 'count'> },
): { mean: number; error: number | null; over: string } {
  const mean = a.accuracy.mean - b.accuracy.mean;
  const overNetworks = squaredError(a.accuracy) + squaredError(b.accuracy);
  const hasNetworks = a.accuracy.count > 1 && b.accuracy.count > 1;
  const overSamples = a.correct && b.correct ? squaredErrorOfPairs(a.correct, b.correct) : null;
  if (overSamples === null && !hasNetworks) return { mean, error: null, over: '' };
  const over = hasNetworks ? (overSamples === null ? '' : ' over networks and samples') : ' over samples alone';
  return { mean, error: Math.sqrt(overNetworks + (overSamples ?? 0)), over };
}

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
