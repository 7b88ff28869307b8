// One compared value of a golden case.

export interface CheckedValue {
  name: string;
  /** ‖ours − golden‖ / ‖golden‖, or the absolute norm where golden is zero. NaN never passes. */
  error: number;
  tolerance: number;
}

/** Relative distance in the 2-norm. A NaN must meet a NaN (padding), anything else makes the error infinite. */
export function relativeError(ours: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (ours.length !== golden.length) return Infinity;
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < golden.length; index++) {
    const expected = golden[index]!;
    const found = ours[index]!;
    if (Number.isNaN(expected) && Number.isNaN(found)) continue;
    if (Number.isNaN(expected) || Number.isNaN(found)) return Infinity;
    difference += (found - expected) ** 2;
    norm += expected ** 2;
  }
  return norm > 0 ? Math.sqrt(difference / norm) : Math.sqrt(difference);
}
