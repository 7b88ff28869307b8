// "Did you mean …": the candidate a misspelt word was most likely meant to be.

/** The closest candidate by edit distance, or null when none is close enough to be worth suggesting. */
export function closest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  const tolerated = Math.max(1, Math.floor(Math.max(word.length, best?.length ?? 0) / 3));
  return bestDistance <= tolerated ? best : null;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const distance = new Uint16Array((a.length + 1) * width); // (i, j) first i letters of a to first j of b
  for (let j = 0; j < width; j++) distance[j] = j;
  for (let i = 1; i <= a.length; i++) {
    distance[i * width] = i;
    for (let j = 1; j < width; j++) {
      const replaced = distance[(i - 1) * width + j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(distance[(i - 1) * width + j]! + 1, distance[i * width + j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, distance[(i - 2) * width + j - 2]! + 1);
      }
      distance[i * width + j] = least;
    }
  }
  return distance[distance.length - 1]!;
}
