// Performant and novel at once, and how much of the training set the generated networks reach.
// Source: evaluation.md §5–6; the yardstick is the training set's own leave-one-out distance.
import type { NoveltyShare } from '../../protocol/evaluation';

/** Multiples of the leave-one-out median at which novelty is reported. */
export const noveltyTaus = [1, 2, 4] as const;

/** How far below the originals' mean a network still counts as performant (one point). */
export const performantMargin = 0.01;

/** What novelty needs to know of a network. */
export interface JudgedNetwork {
  readonly accuracy: number | null;
  readonly nearestDistance: number | null;
}

/** Share of all networks that are performant and novel, per tau; empty when there is no yardstick. */
export function noveltyShares(
  networks: readonly JudgedNetwork[],
  originalMeanAccuracy: number | null,
  leaveOneOutMedian: number | null,
): NoveltyShare[] {
  if (originalMeanAccuracy === null || leaveOneOutMedian === null || networks.length === 0) return [];
  const performant = networks.filter(
    ({ accuracy }) => accuracy !== null && accuracy >= originalMeanAccuracy - performantMargin,
  );
  return noveltyTaus.map(tau => {
    const novel = performant.filter(
      ({ nearestDistance }) => nearestDistance !== null && nearestDistance >= tau * leaveOneOutMedian,
    );
    return { tau, share: novel.length / networks.length };
  });
}

/** Number of originals that are the nearest of some network. */
export function coveredOriginals(nearestOriginals: readonly (number | null)[]): number {
  return new Set(nearestOriginals.filter(index => index !== null)).size;
}
