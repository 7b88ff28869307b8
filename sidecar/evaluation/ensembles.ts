// Majority vote: networks that make different mistakes correct each other, copies do not.

/**
 * Accuracy of the class most networks vote for; of equal votes the lowest class wins.
 * *Shapes* predictions (networks)(samples), expected (samples).
 */
export function majorityVoteAccuracy(
  predictions: readonly ArrayLike<number>[],
  expected: ArrayLike<number>,
): number | null {
  if (predictions.length === 0 || expected.length === 0) return null;
  let correct = 0;
  const votes = new Map<number, number>();
  for (let sample = 0; sample < expected.length; sample++) {
    votes.clear();
    let winner = -1;
    let most = 0;
    for (const predicted of predictions) {
      const label = predicted[sample]!;
      const count = (votes.get(label) ?? 0) + 1;
      votes.set(label, count);
      if (count > most || (count === most && label < winner)) {
        winner = label;
        most = count;
      }
    }
    if (winner === expected[sample]) correct++;
  }
  return correct / expected.length;
}
