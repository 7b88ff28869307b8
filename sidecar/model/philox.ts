// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), a counter-based generator: every
// number is a pure function of its address, so engines, devices and workers draw the same numbers in any order.
//
// Address → four 32-bit words, all arithmetic modulo 2^32:
//   key     = (seed, stream)
//   counter = (block mod 2^32, floor(block / 2^32), step, item)
// A value's index inside (seed, stream, step, item) selects block = floor(index / 4) and word = index mod 4.
//   integer below n : floor(word · n / 2^32), one word each.
//   uniform [0, 1)  : word / 2^32.
//   normal          : Box–Muller on the words (w0, w1) and (w2, w3) of a block, in this order:
//                     r = sqrt(-2 · ln((w0 + 0.5) / 2^32)), phi = 2π · w1 / 2^32 → r·cos(phi), r·sin(phi).
// Normals are computed in float64 and rounded once to float32; another engine may compute in float32 and differ in the
// last bits of a normal, never in an integer or in which address belongs to which value.

/** What a stream of numbers is for; the second half of the key. Values are part of the file format of a run: never reuse one. */
export const streams = {
  initialValues: 0,
  diffusionTime: 1,
  diffusionNoise: 2,
  sampleStart: 3,
  sampleNoise: 4,
  batches: 5,
  diffusionRows: 6,
  samplePermutation: 7,
} as const;

/** Where in the endless table of numbers a run of values begins. All four are uint32. */
export interface Address {
  readonly seed: number;
  readonly stream: number;
  readonly step: number;
  readonly item: number;
}

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** High 32 bits of the product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  // middle < 2^32 and aLow·bHigh < 2^32: the sum is exact in float64, the shift needs its low 32 bits and the carry.
  const middle2 = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + Math.floor(middle2 / 65536)) >>> 0;
}

/** One block of the generator: fills `out` with four uint32. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Calls `use(value position, words, word)` for `count` values from `firstIndex`, one Philox block per four of them. */
function forEachWord(
  address: Address,
  firstIndex: number,
  count: number,
  use: (position: number, words: Uint32Array, word: number) => void,
): void {
  const words = new Uint32Array(4);
  const key = [address.seed >>> 0, address.stream >>> 0] as const;
  let block = -1;
  for (let position = 0; position < count; position++) {
    const index = firstIndex + position;
    const wanted = Math.floor(index / 4);
    if (wanted !== block) {
      block = wanted;
      philox4x32([block >>> 0, Math.floor(block / 2 ** 32) >>> 0, address.step >>> 0, address.item >>> 0], key, words);
    }
    use(position, words, index % 4);
  }
}

/** Fills `out` with integers in [0, bound), the values at `firstIndex`, `firstIndex + 1`, … of an address. */
export function fillIntegers(out: Int32Array, bound: number, address: Address, firstIndex = 0): void {
  forEachWord(address, firstIndex, out.length, (position, words, word) => {
    out[position] = multiplyHigh(words[word]!, bound);
  });
}

/** Fills `out` with uniform values in [0, 1). */
export function fillUniform(out: Float64Array, address: Address, firstIndex = 0): void {
  forEachWord(address, firstIndex, out.length, (position, words, word) => {
    out[position] = words[word]! / 2 ** 32;
  });
}

/** Fills `out` with standard normal values. */
export function fillNormal(out: Float32Array, address: Address, firstIndex = 0): void {
  forEachWord(address, firstIndex, out.length, (position, words, word) => {
    const pair = word & 2;
    const radius = Math.sqrt(-2 * Math.log((words[pair]! + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * words[pair + 1]!) / 2 ** 32;
    out[position] = radius * ((word & 1) === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}
