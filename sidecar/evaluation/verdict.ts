// What the table says in one sentence: are the generated networks worth more than noise? Originals with more and more noise grow
// less similar to the originals and less accurate; that curve is what can be had for nothing. The generated networks are held
// against its point of the same similarity (arXiv 2506.07998 asks for such a comparison; this form of it is ours).
import type { EvaluationRow, Summary } from '../../protocol/evaluation';

/** Noise of the same similarity to the originals as the generated networks. */
interface EqualNoise {
  /** Of the normalised weights' deviation. */
  readonly level: number;
  /** Mean accuracy, and its squared standard error. */
  readonly accuracy: number;
  readonly variance: number;
}

/** A point of the curve: the originals themselves (level 0), then each noise baseline. */
interface NoisePoint extends EqualNoise {
  readonly maxIou: number;
}

/** Differences below so many standard errors are called none. */
const significant = 2;

/** Null where accuracy or similarity could not be measured, or there is no noise to compare with; one network alone has no standard error. */
export function verdictOf(rows: readonly EvaluationRow[]): string | null {
  const generated = rows.find(({ group }) => group === 'generated');
  if (!generated || !hasSpread(generated.accuracy) || generated.maxIouWithOriginals === null) return null;
  const curve = noiseCurve(rows);
  if (curve.length < 2) return null;
  const maxIou = generated.maxIouWithOriginals;
  const iou = maxIou.toFixed(3);
  const equal = atSimilarity(curve, maxIou);
  if (equal === 'less noise')
    return `The generated networks repeat the originals: they make the same mistakes (highest IoU ${iou}) as the originals do among themselves.`;
  if (equal === 'more noise') return beyondNoise(generated.accuracy.mean - curve.at(-1)!.accuracy, curve.at(-1)!, iou);
  const difference = generated.accuracy.mean - equal.accuracy;
  const error = Math.sqrt(squaredError(generated.accuracy) + equal.variance);
  const noise = `originals with noise of about ${equal.level.toFixed(3)}, which are as similar to the originals (highest IoU ${iou})`;
  const points = `${(100 * Math.abs(difference)).toFixed(2)} points`;
  const certainty = `standard error ${(100 * error).toFixed(2)}`;
  const isEqual = Math.abs(difference) <= significant * error;
  const sentence = isEqual
    ? `The generated networks are worth about as much as noise: ${noise}, are as accurate (${points} ${difference < 0 ? 'more' : 'less'}, ${certainty}).`
    : `The generated networks are ${difference > 0 ? 'better' : 'worse'} than noise: ${points} ${difference > 0 ? 'more' : 'less'} accurate (${certainty}) than ${noise}.`;
  const { mean } = generated.accuracy;
  const others = rows.filter(row => isAsGood(row, mean, maxIou)).map(({ group }) => nameOf(group));
  return others.length === 0 ? sentence : `${sentence} No more similar and at least as accurate: ${others.join(', ')}.`;
}

/** Less similar than any noise: with more accuracy better than it, with less they may only be broken. */
function beyondNoise(difference: number, { level }: NoisePoint, iou: string): string {
  const noise = `those with noise of ${level}, the least similar tested`;
  const similarity = `less similar to the originals (highest IoU ${iou})`;
  const points = `${(100 * Math.abs(difference)).toFixed(2)} points`;
  return difference > 0
    ? `The generated networks are better than noise: ${similarity} and ${points} more accurate than ${noise}.`
    : `The generated networks are ${similarity} than ${noise}, and ${points} less accurate.`;
}

/** By falling similarity; a level that is not less similar than a weaker one says nothing and is left out. */
function noiseCurve(rows: readonly EvaluationRow[]): NoisePoint[] {
  const points: NoisePoint[] = [];
  for (const { group, accuracy, maxIouWithOriginals } of rows) {
    const level = group === 'originals' ? 0 : noiseLevel(group);
    if (level === null || !hasSpread(accuracy) || maxIouWithOriginals === null) continue;
    points.push({ level, accuracy: accuracy.mean, variance: squaredError(accuracy), maxIou: maxIouWithOriginals });
  }
  points.sort((a, b) => a.level - b.level);
  return points.filter((point, i) => points.slice(0, i).every(weaker => weaker.maxIou > point.maxIou));
}

/** `baseline: noise 0.03` → 0.03. */
function noiseLevel(group: string): number | null {
  const found = /^baseline: noise ([\d.]+)$/.exec(group);
  return found ? Number(found[1]) : null;
}

/** Between the two points on either side, in proportion to similarity. */
function atSimilarity(curve: readonly NoisePoint[], maxIou: number): EqualNoise | 'less noise' | 'more noise' {
  if (maxIou > curve[0]!.maxIou) return 'less noise';
  const stronger = curve.findIndex(point => point.maxIou <= maxIou);
  if (stronger < 0) return 'more noise';
  const [a, b] = [curve[Math.max(0, stronger - 1)]!, curve[stronger]!];
  const share = a === b ? 0 : (a.maxIou - maxIou) / (a.maxIou - b.maxIou);
  return {
    level: a.level + share * (b.level - a.level),
    accuracy: a.accuracy + share * (b.accuracy - a.accuracy),
    variance: (1 - share) ** 2 * a.variance + share ** 2 * b.variance,
  };
}

/** Another trivial baseline that is neither more similar nor less accurate. */
function isAsGood({ group, accuracy, maxIouWithOriginals }: EvaluationRow, mean: number, maxIou: number): boolean {
  if (!group.startsWith('baseline: ') || noiseLevel(group) !== null) return false;
  return accuracy !== null && accuracy.mean >= mean && maxIouWithOriginals !== null && maxIouWithOriginals <= maxIou;
}

/** Of several networks: the deviation of a single one is written as 0, which is no certainty. */
function hasSpread(accuracy: Summary | null): accuracy is Summary {
  return accuracy !== null && accuracy.count > 1;
}

function squaredError({ sd, count }: Summary): number {
  return sd ** 2 / count;
}

function nameOf(group: string): string {
  return group.replace(/^baseline: /, '');
}
