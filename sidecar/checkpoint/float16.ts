// float16 and bfloat16 ↔ float32, without a native type for either. Rounding is to nearest, ties to even, as in PyTorch;
// NaN stays NaN, overflow becomes infinity, subnormals are kept.

let float16Table: Float32Array | null = null;

/** All 65,536 values: decoding is a look-up. */
function float16Values(): Float32Array {
  if (float16Table) return float16Table;
  float16Table = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    float16Table[bits] =
      exponent === 31
        ? fraction
          ? NaN
          : sign * Infinity
        : exponent === 0
          ? sign * 2 ** -24 * fraction
          : sign * 2 ** (exponent - 25) * (1024 + fraction);
  }
  return float16Table;
}

export function decodeFloat16(bits: Uint16Array, out: Float32Array): void {
  const values = float16Values();
  for (let index = 0; index < bits.length; index++) out[index] = values[bits[index]!]!;
}

export function decodeBfloat16(bits: Uint16Array, out: Float32Array): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let index = 0; index < bits.length; index++) words[index] = bits[index]! << 16;
}

export function encodeBfloat16(values: Float32Array, out: Uint16Array): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const isNan = (word & 0x7fffffff) > 0x7f800000;
    out[index] = isNan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

export function encodeFloat16(values: Float32Array, out: Uint16Array): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let index = 0; index < words.length; index++) out[index] = float16Bits(words[index]!);
}

/** From the bits of a float32. */
function float16Bits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to 65536 or more: infinity
  if (magnitude < 0x33000001) return sign; // at most half of the smallest subnormal: ties to even zero
  const exponent = magnitude >>> 23;
  if (exponent >= 113) {
    // normal: rebias by 112, drop 13 bits
    const rebiased = magnitude - (112 << 23);
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  const shift = 126 - exponent; // subnormal: the leading 1 becomes explicit, 14 to 24 bits are dropped
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const dropped = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (dropped > half || (dropped === half && kept & 1) ? 1 : 0));
}
