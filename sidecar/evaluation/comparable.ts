// Which networks' predictions may be compared: sets of wrong samples and votes only mean something where sample i is the same
// for all. A test that shuffles its samples is found by its expected classes.
import type { TestRecord } from './testAll';

export interface ComparableRecords {
  /** As they were, without the predictions that are of other samples. */
  readonly records: readonly TestRecord[];
  /** The network whose samples count: the first that tells predictions; -1 where none does. */
  readonly reference: number;
  /** Those whose predictions were dropped. */
  readonly incomparable: readonly number[];
}

/** Drops predictions whose expected classes are not, one by one, those of the first network that tells any. */
export function keepComparable(records: readonly TestRecord[]): ComparableRecords {
  const reference = records.findIndex(({ outcome }) => outcome?.predictions);
  const expected = records[reference]?.outcome?.predictions?.expected ?? [];
  const incomparable: number[] = [];
  const kept = records.map((record, index): TestRecord => {
    const { outcome } = record;
    if (!outcome?.predictions || isSameList(outcome.predictions.expected, expected)) return record;
    incomparable.push(index);
    return { outcome: { ...outcome, predictions: null }, failure: null };
  });
  return { records: kept, reference, incomparable };
}

/** What the person is told of it: nothing, or one sentence. */
export function incomparableNotes(names: readonly string[], reference = 'the others'): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  const which = `${names.length} ${names.length === 1 ? 'network' : 'networks'} (${shown})`;
  return [
    `The predictions of ${which} are not of the same samples in the same order as those of ${reference}; they are left out of similarity and ensembles. Test without shuffling.`,
  ];
}

function isSameList(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
