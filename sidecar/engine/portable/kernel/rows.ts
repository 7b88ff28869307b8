// How rows lie in the kernel's arrays: padded to whole vectors.

/** All pitches of the kernel's arrays are multiples of it, in floats. */
export const vector = 16;

/** Columns of a row with its padding. */
export function pitchOf(columns: number): number {
  return Math.ceil(columns / vector) * vector;
}

/** Rows of one width into rows of another, the narrower deciding how much. */
export function copyRows(from: Float32Array, fromWidth: number, to: Float32Array, toWidth: number): void {
  if (fromWidth === toWidth) {
    to.set(from);
    return;
  }
  const width = Math.min(fromWidth, toWidth);
  for (let row = 0; row * fromWidth < from.length; row++) {
    to.set(from.subarray(row * fromWidth, row * fromWidth + width), row * toWidth);
  }
}
