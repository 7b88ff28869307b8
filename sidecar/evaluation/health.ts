// Whether weights are usable at all: not-a-number or infinite values, batch-norm variances that cannot be, and each
// tensor's mean and spread beside the originals'. Also the weight histograms, which need the same pass over the tensors.
import type { LayerHealth, LayerHistogram } from '../../protocol/evaluation';
import type { Structure } from '../tokenizer/structure';
import { generatedIndices, type WeightSource } from './weightSource';

/** Defects of one network. */
export interface Defects {
  readonly nonFinite: number;
  readonly nonPositiveVariances: number;
}

/** Counts a network's defects over its generated tensors. */
export function countDefects(structure: Structure, source: WeightSource): Defects {
  let nonFinite = 0;
  let nonPositiveVariances = 0;
  for (const index of generatedIndices(structure)) {
    const isVariance = structure.parameters[index]!.kind === 'variance';
    for (const value of source.read(index)) {
      if (!Number.isFinite(value)) nonFinite++;
      else if (isVariance && value <= 0) nonPositiveVariances++;
    }
  }
  return { nonFinite, nonPositiveVariances };
}

/** Mean and standard deviation of a tensor over all networks of a group, finite values only; zeros where there are none. */
export function tensorMoments(sources: readonly WeightSource[], index: number): { mean: number; std: number } {
  let count = 0;
  let sum = 0;
  let squares = 0;
  // Two passes: the difference of large squares would cost all digits of a small spread.
  for (const source of sources)
    for (const value of source.read(index))
      if (Number.isFinite(value)) {
        count++;
        sum += value;
      }
  const mean = count === 0 ? 0 : sum / count;
  for (const source of sources)
    for (const value of source.read(index)) if (Number.isFinite(value)) squares += (value - mean) ** 2;
  return { mean, std: count < 2 ? 0 : Math.sqrt(squares / (count - 1)) };
}

/** Each generated tensor's moments in both groups. `pause` as in `distanceMatrix`. */
export async function layerHealth(
  structure: Structure,
  originals: readonly WeightSource[],
  generated: readonly WeightSource[],
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<LayerHealth[]> {
  const layers: LayerHealth[] = [];
  for (const index of generatedIndices(structure)) {
    const { name } = structure.parameters[index]!;
    layers.push({ name, originals: tensorMoments(originals, index), generated: tensorMoments(generated, index) });
    await pause();
  }
  return layers;
}

/** Each generated tensor's histograms over a range that holds both groups. `pause` as in `distanceMatrix`. */
export async function layerHistograms(
  structure: Structure,
  originals: readonly WeightSource[],
  generated: readonly WeightSource[],
  bins = 40,
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<LayerHistogram[]> {
  const layers: LayerHistogram[] = [];
  for (const index of generatedIndices(structure)) {
    let low = Infinity;
    let high = -Infinity;
    for (const source of [...originals, ...generated])
      for (const value of source.read(index))
        if (Number.isFinite(value)) {
          if (value < low) low = value;
          if (value > high) high = value;
        }
    if (low > high) [low, high] = [0, 0]; // not one finite weight
    layers.push({
      name: structure.parameters[index]!.name,
      low,
      high,
      originals: histogram(originals, index, low, high, bins),
      generated: histogram(generated, index, low, high, bins),
    });
    await pause();
  }
  return layers;
}

function histogram(sources: readonly WeightSource[], index: number, low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const scale = high > low ? bins / (high - low) : 0;
  let total = 0;
  for (const source of sources)
    for (const value of source.read(index)) {
      if (!Number.isFinite(value)) continue;
      counts[Math.min(bins - 1, Math.floor((value - low) * scale))]!++;
      total++;
    }
  return counts.map(count => (total === 0 ? 0 : count / total));
}
