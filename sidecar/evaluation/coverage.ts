// How much of the training set the generated networks reach.

/** Number of originals that are the nearest of some network. */
export function coveredOriginals(nearestOriginals: readonly (number | null)[]): number {
  return new Set(nearestOriginals.filter(index => index !== null)).size;
}
