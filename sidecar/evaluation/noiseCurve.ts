// The curve of noise: how accurate originals with noise are, by how far from the originals they have come. Far is either a low
// similarity of mistakes or, where the test tells none, the distance in normalised weights, in which the noise was added.
import type { EvaluationRow, Summary } from '../../protocol/evaluation';

/** A row of the table whose networks were tested. */
export interface Judged {
  readonly row: EvaluationRow;
  readonly accuracy: Summary;
  /** Share of its networks that were right, by test sample; null where that is not known. */
  readonly correct: ArrayLike<number> | null;
}

/** Share of a group's networks that were right, by test sample; null where the test tells no predictions. */
export type CorrectShares = (group: EvaluationRow['group']) => ArrayLike<number> | null;

/** The rows of which something was tested. */
export function judgedRows(rows: readonly EvaluationRow[], correctOf: CorrectShares): Judged[] {
  return rows.flatMap(row =>
    row.accuracy === null ? [] : [{ row, accuracy: row.accuracy, correct: correctOf(row.group) }],
  );
}

/** A way to say how far from the originals a group is. */
export interface Kinship {
  /** Grows with noise; null where it is not known. */
  readonly farness: (row: EvaluationRow) => number | null;
  readonly words: (row: EvaluationRow) => string;
  readonly asNear: string;
  readonly farther: string;
}

const bySimilarity: Kinship = {
  farness: ({ maxIouWithOriginals }) => (maxIouWithOriginals === null ? null : 1 - maxIouWithOriginals),
  words: ({ maxIouWithOriginals }) => `highest IoU ${maxIouWithOriginals!.toFixed(3)}`,
  asNear: 'as similar to the originals',
  farther: 'less similar to the originals',
};

const byDistance: Kinship = {
  farness: ({ metrics }) => metrics?.weightNoise ?? null,
  words: ({ metrics }) => `${metrics!.weightNoise!.toFixed(3)} of the weights’ deviation from the nearest`,
  asNear: 'as far from the originals',
  farther: 'farther from the originals',
};

/** Noise of a level, tested or between two that were. */
export interface NoisePoint {
  /** Of the normalised weights' deviation. */
  readonly level: number;
  readonly farness: number;
  readonly accuracy: Pick<Summary, 'mean' | 'sd' | 'count'>;
  readonly correct: ArrayLike<number> | null;
}

/** `baseline: noise 0.03` → 0.03; null of another group. */
export function noiseLevel(group: string): number | null {
  const found = /^baseline: noise ([\d.]+)$/.exec(group);
  return found ? Number(found[1]) : null;
}

/**
 * From no noise, which is a copy of an original, on by growing farness; a level that is no farther than a weaker one says nothing
 * and is left out. By similarity where all sides know theirs, else by distance; null where neither is known.
 */
export function noiseCurve(
  originals: Judged,
  judged: readonly Judged[],
  generated: Judged,
): { curve: NoisePoint[]; kinship: Kinship } | null {
  for (const kinship of [bySimilarity, byDistance]) {
    const copies: NoisePoint = { level: 0, farness: 0, accuracy: originals.accuracy, correct: originals.correct };
    const noisy = judged.flatMap(({ row, accuracy, correct }): NoisePoint[] => {
      const level = noiseLevel(row.group);
      const farness = kinship.farness(row);
      return level === null || farness === null ? [] : [{ level, farness, accuracy, correct }];
    });
    noisy.sort((a, b) => a.level - b.level);
    const curve = [copies, ...noisy].filter((point, i, all) =>
      all.slice(0, i).every(weaker => weaker.farness < point.farness),
    );
    if (kinship.farness(generated.row) !== null && curve.length > 1) return { curve, kinship };
  }
  return null;
}

/** The point of the curve that is as far; closer than the weakest noise, or farther than the strongest, the point there. */
export function equalNoise(
  curve: readonly NoisePoint[],
  farness: number,
): { kind: 'equal' | 'weaker' | 'stronger'; noise: NoisePoint } {
  const weakest = curve[1]!;
  if (farness < weakest.farness) return { kind: 'weaker', noise: weakest };
  const stronger = curve.findIndex(point => point.farness >= farness);
  if (stronger < 0) return { kind: 'stronger', noise: curve.at(-1)! };
  return { kind: 'equal', noise: between(curve[stronger - 1]!, curve[stronger]!, farness) };
}

/** Whether the generated networks are farther from the originals than all noise that was tested. */
export function isBeyondNoise(rows: readonly EvaluationRow[]): boolean {
  const judged = judgedRows(rows, () => null);
  const [originals, generated] = (['originals', 'generated'] as const).map(group =>
    judged.find(({ row }) => row.group === group),
  );
  const found = originals && generated ? noiseCurve(originals, judged, generated) : null;
  return found !== null && equalNoise(found.curve, found.kinship.farness(generated!.row)!).kind === 'stronger';
}

/** In proportion to farness; the errors of both ends count by their shares. */
function between(a: NoisePoint, b: NoisePoint, farness: number): NoisePoint {
  const share = (farness - a.farness) / (b.farness - a.farness);
  const mix = (x: number, y: number): number => (1 - share) * x + share * y;
  const variance = (1 - share) ** 2 * squaredError(a) + share ** 2 * squaredError(b);
  const count = Math.min(a.accuracy.count, b.accuracy.count);
  const { correct } = b;
  return {
    level: mix(a.level, b.level),
    farness,
    accuracy: { mean: mix(a.accuracy.mean, b.accuracy.mean), sd: Math.sqrt(variance * count), count },
    correct: a.correct && correct ? Float64Array.from(a.correct, (right, i) => mix(right, correct[i] ?? 0)) : null,
  };
}

const squaredError = ({ accuracy: { sd, count } }: NoisePoint): number => sd ** 2 / count;
