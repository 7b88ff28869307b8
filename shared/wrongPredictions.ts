// Similarity of two networks as behaviour: intersection over union of the test samples they get wrong. Two networks that
// make the same mistakes are the same network for practical purposes, however different their weights.

/** Which test samples a network gets wrong, one bit a sample. */
export interface WrongSet {
  readonly bits: Uint32Array;
  readonly count: number;
}

/** *Shapes* predicted, expected (samples). */
export function wrongSet(predicted: ArrayLike<number>, expected: ArrayLike<number>): WrongSet {
  const bits = new Uint32Array(Math.ceil(expected.length / 32));
  let count = 0;
  for (let i = 0; i < expected.length; i++)
    if (predicted[i] !== expected[i]) {
      bits[i >>> 5]! |= 1 << (i & 31);
      count++;
    }
  return { bits, count };
}

/** |a ∩ b| / |a ∪ b|; 1 for two networks without any mistake. Both are of the same samples. */
export function intersectionOverUnion(a: WrongSet, b: WrongSet): number {
  let both = 0;
  for (let i = 0; i < a.bits.length; i++) both += bitCount(a.bits[i]! & b.bits[i]!);
  const either = a.count + b.count - both;
  return either === 0 ? 1 : both / either;
}

/** The IoU of every pair. *Shapes* (sets, sets), symmetric. */
export function iouMatrix(sets: readonly WrongSet[]): number[][] {
  const matrix = sets.map(() => new Array<number>(sets.length).fill(1));
  for (let i = 0; i < sets.length; i++)
    for (let j = 0; j < i; j++) {
      const iou = intersectionOverUnion(sets[i]!, sets[j]!);
      matrix[i]![j] = iou;
      matrix[j]![i] = iou;
    }
  return matrix;
}

/** The highest IoU of `set` with any of `others`, `excluded` (its own position) left out; null when nobody is left. */
export function maxIou(set: WrongSet, others: readonly WrongSet[], excluded: number | null): number | null {
  const ious = others.flatMap((other, index) => (index === excluded ? [] : [intersectionOverUnion(set, other)]));
  return ious.length === 0 ? null : ious.reduce((most, iou) => Math.max(most, iou));
}

/** The mean IoU over all pairs inside a group; null for fewer than two. */
export function meanIouInside(sets: readonly WrongSet[]): number | null {
  if (sets.length < 2) return null;
  let sum = 0;
  for (let i = 0; i < sets.length; i++) for (let j = 0; j < i; j++) sum += intersectionOverUnion(sets[i]!, sets[j]!);
  return sum / ((sets.length * (sets.length - 1)) / 2);
}

/** The mean IoU over all pairs of one set of each group; null when a group is empty. */
export function meanIouBetween(left: readonly WrongSet[], right: readonly WrongSet[]): number | null {
  if (left.length === 0 || right.length === 0) return null;
  let sum = 0;
  for (const a of left) for (const b of right) sum += intersectionOverUnion(a, b);
  return sum / (left.length * right.length);
}

/** Bits set in a 32-bit word: pairs, nibbles, then bytes summed by one multiplication. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
