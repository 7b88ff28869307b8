import { describe, expect, it } from 'vitest';
import { fillIntegers, fillNormal, fillUniform, philox4x32 } from '../../../sidecar/model/philox';

const address = { seed: 7, stream: 2, step: 3, item: 5 };

describe('philox4x32', () => {
  // The three vectors published with the algorithm (Random123, kat_vectors).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the known answer for counter %j', (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32(counter as [number, number, number, number], key as [number, number], out);
    expect([...out]).toEqual(expected);
  });
});

describe('values of an address', () => {
  it('are the same whether drawn at once or from the middle', () => {
    const whole = new Float32Array(23);
    fillNormal(whole, address);
    const part = new Float32Array(11);
    fillNormal(part, address, 5);
    expect(part).toEqual(whole.slice(5, 16));
  });

  it.each(['seed', 'stream', 'step', 'item'] as const)('change with the %s', field => {
    const one = new Float32Array(8);
    const other = new Float32Array(8);
    fillNormal(one, address);
    fillNormal(other, { ...address, [field]: address[field] + 1 });
    expect(one).not.toEqual(other);
  });

  it('are standard normal', () => {
    const values = new Float32Array(40_000);
    fillNormal(values, address);
    const moment = (power: number) => values.reduce((sum, v) => sum + v ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(4)).toBeCloseTo(3, 0);
  });

  it('cover every integer below the bound and none else', () => {
    const values = new Int32Array(1000);
    fillIntegers(values, 7, address);
    expect([...new Set(values)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('are uniform in [0, 1)', () => {
    const values = new Float64Array(10_000);
    fillUniform(values, address);
    expect(values.every(v => v >= 0 && v < 1)).toBe(true);
    expect(values.reduce((sum, v) => sum + v, 0) / values.length).toBeCloseTo(0.5, 1);
  });
});
