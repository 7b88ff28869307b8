// Half types: decoding is exact, encoding rounds to nearest even.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFloat32, encodeFloat32 } from '../../../sidecar/checkpoint/tensorData';

const roundTrip = (values: number[], dtype: 'float16' | 'bfloat16'): number[] => [
  ...decodeFloat32(encodeFloat32(Float32Array.from(values), dtype), dtype),
];
const bits = (...halves: number[]): Uint8Array => new Uint8Array(Uint16Array.from(halves).buffer);

describe.each(['float16', 'bfloat16'] as const)('%s', dtype => {
  test('every bit pattern survives decoding and encoding', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern);
    const back = new Uint16Array(encodeFloat32(decodeFloat32(new Uint8Array(all.buffer), dtype), dtype).buffer);
    const exponentMask = dtype === 'float16' ? 0x7c00 : 0x7f80;
    const isNan = (pattern: number): boolean =>
      (pattern & exponentMask) === exponentMask && (pattern & 0x7fff) !== exponentMask;
    for (let pattern = 0; pattern < 65_536; pattern++) {
      if (isNan(pattern)) expect(isNan(back[pattern]!)).toBe(true);
      else if (back[pattern] !== pattern) expect.fail(`${pattern.toString(16)} became ${back[pattern]!.toString(16)}`);
    }
  });

  test('encoding picks the nearest of the two neighbours, the even one in the middle', () => {
    // Among positive finite patterns order of bits is order of values.
    const limit = dtype === 'float16' ? 0x7bfe : 0x7f7e;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: limit }), fc.double({ min: 0, max: 1, noNaN: true }), (pattern, share) => {
        const [low, high] = decodeFloat32(bits(pattern, pattern + 1), dtype) as unknown as [number, number];
        const value = Math.fround(low + (high - low) * share);
        const middle = (low + high) / 2;
        const expected = value < middle ? pattern : value > middle ? pattern + 1 : pattern + (pattern & 1);
        expect(new Uint16Array(encodeFloat32(Float32Array.of(value), dtype).buffer)[0]).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  [65504, 65504],
  [65519.996, 65504],
  [65520, Infinity],
  [-1e6, -Infinity],
  [2 ** -24, 2 ** -24],
  [2 ** -25, 0],
  [1.5 * 2 ** -24, 2 ** -23],
  [0.1, 0.0999755859375],
])('float16 of %d is %d', (value, expected) => expect(roundTrip([value], 'float16')).toEqual([expected]));

test('float64 is rounded once', () => {
  const values = Float64Array.of(Math.PI, 1e300, -0, NaN);
  expect([...decodeFloat32(new Uint8Array(values.buffer), 'float64')]).toEqual([
    Math.fround(Math.PI),
    Infinity,
    -0,
    NaN,
  ]);
});
