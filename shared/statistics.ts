// Best, mean, min and standard deviation of a group's accuracies.
import type { Summary } from '../protocol/evaluation';

/** The five numbers; null for no values. *Units* those of the values. */
export function summarise(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count: values.length,
    best: values.reduce((best, value) => Math.max(best, value)),
    mean,
    min: values.reduce((least, value) => Math.min(least, value)),
    sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
  };
}

/** The arithmetic mean; NaN for no values. */
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of what could be measured; null when nothing could. */
export function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null);
  return known.length === 0 ? null : meanOf(known);
}

/** The middle value, or the mean of the middle two; null for no values. */
export function medianOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
