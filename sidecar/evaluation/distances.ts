// Euclidean distances between networks, in the weights' own units and in normalised ones, in which noise is added. Tensor by
// tensor: all originals' copies of one tensor are in memory, never all tensors. Sums in float64.
import { generatedCount, normalise, type ParameterStructure, type Structure } from '../tokenizer/structure';
import { generatedIndices, type WeightSource } from './weightSource';
import { medianOf } from '../../shared/statistics';

/** Distances of rows to columns. *Shapes* values (rows × columns), row-major. */
export interface DistanceMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Distances in the weights' own units, and in normalised weights. */
export interface Distances {
  /** Euclidean. */
  readonly raw: DistanceMatrix;
  /** The root of the mean square over all weights: an original with noise of 0.03 is at 0.03 of it. */
  readonly asNoise: DistanceMatrix;
}

/**
 * The distance of every row network to every column network. `pause` is called after each tensor of each row, and may
 * yield to the event loop or throw to cancel.
 * *Memory* one tensor of every column, twice.
 */
export async function distancesBetween(
  structure: Structure,
  rows: readonly WeightSource[],
  columns: readonly WeightSource[],
  pause?: Pause,
): Promise<Distances> {
  const [raw, asNoise] = await squaredDistances(structure, rows, columns, [asTheyAre, normalised], pause);
  const nWeights = generatedCount(structure);
  const size = { rows: rows.length, columns: columns.length };
  return {
    raw: { ...size, values: raw!.map(Math.sqrt) },
    asNoise: { ...size, values: asNoise!.map(squares => Math.sqrt(squares / nWeights)) },
  };
}

/** Those in the weights' own units alone. *Memory* one tensor of every column. */
export async function rawDistances(
  structure: Structure,
  rows: readonly WeightSource[],
  columns: readonly WeightSource[],
  pause?: Pause,
): Promise<DistanceMatrix> {
  const [raw] = await squaredDistances(structure, rows, columns, [asTheyAre], pause);
  return { rows: rows.length, columns: columns.length, values: raw!.map(Math.sqrt) };
}

type Pause = () => Promise<void> | undefined;
/** A tensor's values in the space in which they are compared. */
type View = (parameter: ParameterStructure, values: Float32Array) => Float32Array;

/** One matrix a view; every tensor is read once for all of them. */
async function squaredDistances(
  structure: Structure,
  rows: readonly WeightSource[],
  columns: readonly WeightSource[],
  views: readonly View[],
  pause: Pause = () => undefined,
): Promise<Float64Array[]> {
  const sums = views.map(() => new Float64Array(rows.length * columns.length));
  for (const index of generatedIndices(structure)) {
    const parameter = structure.parameters[index]!;
    const viewsOf = (network: WeightSource): Float32Array[] => {
      const values = network.read(index);
      return views.map(view => view(parameter, values));
    };
    const tensors = columns.map(viewsOf);
    for (const [r, row] of rows.entries()) {
      const own = viewsOf(row);
      for (const [c, tensor] of tensors.entries())
        for (const [v, sum] of sums.entries()) sum[r * columns.length + c]! += squaredDistance(own[v]!, tensor[v]!);
      await pause();
    }
  }
  return sums;
}

const asTheyAre: View = (_, values) => values;

function normalised(parameter: ParameterStructure, values: Float32Array): Float32Array {
  const out = new Float32Array(values.length);
  normalise(parameter, values, out);
  return out;
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
