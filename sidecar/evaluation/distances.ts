// Euclidean distances between networks in weight space, tensor by tensor: all originals' copies of one tensor are in memory,
// never all tensors. Sums in float64.
import type { Structure } from '../tokenizer/structure';
import { generatedIndices, type WeightSource } from './weightSource';
import { medianOf } from '../../shared/statistics';

/** Distances of rows to columns. *Shapes* values (rows × columns), row-major. */
export interface DistanceMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/**
 * The distance of every row network to every column network. `pause` is called after each tensor of each row, and may
 * yield to the event loop or throw to cancel.
 * *Memory* one tensor of every column.
 */
export async function distanceMatrix(
  structure: Structure,
  rows: readonly WeightSource[],
  columns: readonly WeightSource[],
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<DistanceMatrix> {
  const values = new Float64Array(rows.length * columns.length);
  for (const index of generatedIndices(structure)) {
    const tensors = columns.map(column => column.read(index));
    for (const [r, row] of rows.entries()) {
      const own = row.read(index);
      for (const [c, tensor] of tensors.entries()) values[r * columns.length + c]! += squaredDistance(own, tensor);
      await pause();
    }
  }
  for (let i = 0; i < values.length; i++) values[i] = Math.sqrt(values[i]!);
  return { rows: rows.length, columns: columns.length, values };
}

/** Σ (a - b)². *Shapes* a, b (n). */
function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum;
}

/** The nearest column of a row, `excluded` left out; null when none is at a finite distance. */
export function nearestColumn(
  matrix: DistanceMatrix,
  row: number,
  excluded: number | null,
): { column: number; distance: number } | null {
  let nearest: { column: number; distance: number } | null = null;
  for (let column = 0; column < matrix.columns; column++) {
    const distance = matrix.values[row * matrix.columns + column]!;
    if (column === excluded || !Number.isFinite(distance)) continue;
    if (nearest === null || distance < nearest.distance) nearest = { column, distance };
  }
  return nearest;
}

/** Median over the originals of the distance to the nearest other one: the yardstick of novelty. Null for fewer than two. */
export function leaveOneOutMedian(originals: DistanceMatrix): number | null {
  const nearest = Array.from({ length: originals.rows }, (_, row) => nearestColumn(originals, row, row));
  return medianOf(nearest.flatMap(found => (found === null ? [] : [found.distance])));
}

/** Mean over all pairs of a square matrix at a finite distance; null where there is none. */
export function meanPairDistance(matrix: DistanceMatrix): number | null {
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < matrix.rows; i++)
    for (let j = 0; j < i; j++) {
      const distance = matrix.values[i * matrix.columns + j]!;
      if (!Number.isFinite(distance)) continue;
      sum += distance;
      pairs++;
    }
  return pairs === 0 ? null : sum / pairs;
}
