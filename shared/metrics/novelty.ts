// Performant and novel at once: as accurate as the originals, and far from every one of them.
// Source: evaluation.md §5–6; the yardstick is the training set's own leave-one-out distance.
import type { NoveltyShare } from '../../protocol/evaluation';
import { summarise } from '../statistics';
import { percent } from '../words';
import type { Metric, RowColumn } from './metric';

/** Multiples of the leave-one-out median at which novelty is reported. */
const noveltyTaus = [1, 2, 4] as const;

/** How far below the originals' mean a network still counts as performant (one point). */
const performantMargin = 0.01;

export const novelty: Metric = {
  id: 'novelty',
  ofGroup: ({ networks, originals: { row, leaveOneOutMedian } }) => {
    // Of the originals themselves, and where none of them could be tested, the group's own.
    const accuracy = row?.accuracy ?? summarise(networks.flatMap(network => network.accuracy ?? []));
    return { novelty: noveltyShares(networks, accuracy?.mean ?? null, leaveOneOutMedian) };
  },
  networkColumns: [],
  rowColumns: noveltyTaus.map((tau): RowColumn => ({
    id: `novel-${tau}`,
    title: `Novel τ=${tau}`,
    name: `performant and novel at ${tau}`,
    help: `Share within 1 point of the originals’ mean accuracy and at least ${tau} × the leave-one-out distance away`,
    format: percent,
    section: 'novelty',
    ...(tau === 2 ? {} : { isLeftOutInTerminal: true }),
    value: row => row.novelty.find(share => share.tau === tau)?.share ?? null,
  })),
};

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
