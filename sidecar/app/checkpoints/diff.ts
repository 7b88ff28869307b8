// How far two checkpoints are apart, tensor by tensor. Sums in float64.
import type { DifferenceReport, DiffParams, TensorDifference } from '../../../protocol/checkpoints';
import { openCheckpoint, selectDictionary } from '../../checkpoint/registry';
import { isWeightDType, type Tensor } from '../../checkpoint/tensor';
import { readFloat32, readTensorBytes } from '../../checkpoint/tensorData';
import { tensorsByBareName } from '../../datasets/measureDataset';
import { throwIfCancelled } from '../../util/rpgError';
import { yieldPoint } from '../../util/yieldPoint';
import type { OperationContext } from '../context';

interface Sums {
  squaredDistance: number;
  dot: number;
  squaresA: number;
  squaresB: number;
}

/** *Errors* those of opening a checkpoint. *Memory* one tensor of each. */
export async function diff(params: DiffParams, context: OperationContext): Promise<DifferenceReport> {
  const a = openCheckpoint(params.a);
  try {
    const b = openCheckpoint(params.b);
    try {
      const inA = tensorsByBareName(selectDictionary(a, params.key));
      const inB = tensorsByBareName(selectDictionary(b, params.key));
      const names = [...new Set([...inA.keys(), ...inB.keys()])];
      const total: Sums = { squaredDistance: 0, dot: 0, squaresA: 0, squaresB: 0 };
      const tensors: TensorDifference[] = [];
      for (const [index, name] of names.entries()) {
        throwIfCancelled(context.signal, 'comparing');
        tensors.push(compare(name, inA.get(name), inB.get(name), total));
        context.report({ fraction: (index + 1) / names.length, message: name });
        await yieldPoint();
      }
      return {
        a: params.a,
        b: params.b,
        tensors,
        distance: Math.sqrt(total.squaredDistance),
        cosine: cosineOf(total),
        isEqual: tensors.every(tensor => tensor.status === 'equal'),
      };
    } finally {
      b.dispose();
    }
  } finally {
    a.dispose();
  }
}

function compare(name: string, a: Tensor | undefined, b: Tensor | undefined, total: Sums): TensorDifference {
  const result: TensorDifference = {
    name,
    status: 'equal',
    shapeA: a ? [...a.shape] : null,
    shapeB: b ? [...b.shape] : null,
    distance: null,
    relativeDistance: null,
    cosine: null,
    largestChange: null,
  };
  if (!a) return { ...result, status: 'only-in-b' };
  if (!b) return { ...result, status: 'only-in-a' };
  if (JSON.stringify(a.shape) !== JSON.stringify(b.shape)) return { ...result, status: 'shape-differs' };
  if (!isWeightDType(a.dtype) || !isWeightDType(b.dtype)) {
    const isSame = a.dtype === b.dtype && Buffer.compare(readTensorBytes(a), readTensorBytes(b)) === 0;
    return { ...result, status: isSame ? 'equal' : 'not-comparable' };
  }
  return { ...result, ...compareValues(readFloat32(a), readFloat32(b), a.shape, total) };
}

function compareValues(
  a: Float32Array,
  b: Float32Array,
  shape: readonly number[],
  total: Sums,
): Partial<TensorDifference> {
  const sums: Sums = { squaredDistance: 0, dot: 0, squaresA: 0, squaresB: 0 };
  let largest = 0;
  let largestAt = -1;
  let differs = false;
  for (let index = 0; index < a.length; index++) {
    const x = a[index]!;
    const y = b[index]!;
    sums.dot += x * y;
    sums.squaresA += x * x;
    sums.squaresB += y * y;
    if (x === y || (x !== x && y !== y)) continue; // equal, or both NaN
    differs = true;
    const change = Math.abs(x - y);
    sums.squaredDistance += change * change;
    if (!(change <= largest)) {
      largest = change;
      largestAt = index;
    }
  }
  for (const key of ['squaredDistance', 'dot', 'squaresA', 'squaresB'] as const) total[key] += sums[key];
  const distance = Math.sqrt(sums.squaredDistance);
  return {
    status: differs ? 'changed' : 'equal',
    distance,
    relativeDistance: sums.squaresA > 0 ? distance / Math.sqrt(sums.squaresA) : null,
    cosine: cosineOf(sums),
    largestChange: largestAt < 0 ? null : { index: unravel(largestAt, shape), a: a[largestAt]!, b: b[largestAt]! },
  };
}

/** Null where either vector is zero: there is no angle then. */
function cosineOf({ dot, squaresA, squaresB }: Sums): number | null {
  return squaresA > 0 && squaresB > 0 ? dot / Math.sqrt(squaresA * squaresB) : null;
}

function unravel(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}
