// Thinning a curve must lose no extreme, however the points came and whatever part of them is shown.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Envelope } from '../../../webview/charts/envelope';
import { GrowingArray } from '../../../webview/charts/growingArray';
import { Series } from '../../../webview/charts/series';

const value = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: -5, max: 5, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);

/** Built in pieces, as points come. */
function envelopeOf(values: readonly number[], pieces: number): Envelope {
  const array = new GrowingArray(Float64Array);
  const envelope = new Envelope(array);
  const size = Math.max(1, Math.ceil(values.length / pieces));
  values.forEach((each, index) => {
    array.push(each);
    if (index % size === size - 1) envelope.update();
  });
  envelope.update();
  return envelope;
}

const finite = (values: readonly number[]): number[] => values.filter(each => !Number.isNaN(each));

it('keeps the lowest and the highest point of any range, in order, within the budget', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 700 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 4, max: 60 }),
      fc.nat(),
      fc.nat(),
      (values, pieces, maxPoints, a, b) => {
        const [from, last] = [a % values.length, b % values.length].sort((x, y) => x - y) as [number, number];
        const shown = [...envelopeOf(values, pieces).select(from, last + 1, maxPoints)];
        expect(shown).toEqual([...new Set(shown)].sort((x, y) => x - y));
        expect(shown[0]).toBe(from);
        expect(shown.at(-1)).toBe(last);
        // A block at either end may be cut: two more points each, and the first and the last.
        expect(shown.length).toBeLessThanOrEqual(maxPoints + 6);
        const all = finite(values.slice(from, last + 1));
        const kept = finite(shown.map(index => values[index]!));
        if (all.length === 0) return;
        expect(Math.min(...kept)).toBe(Math.min(...all));
        expect(Math.max(...kept)).toBe(Math.max(...all));
      },
    ),
    { numRuns: 300 },
  );
});

it('shows one spike among a hundred thousand points on 300 pixels', () => {
  const values = Array.from({ length: 100_000 }, (_, index) => (index === 70_001 ? 9 : 0.1));
  expect([...envelopeOf(values, 1000).select(0, values.length, 600)]).toContain(70_001);
});

it('draws the same points of the past when new ones come', () => {
  const values = Array.from({ length: 5000 }, (_, index) => Math.sin(index * 1.7));
  const before = [...envelopeOf(values.slice(0, 4096), 7).select(0, 4096, 1100)];
  const after = [...envelopeOf(values, 7).select(0, 5000, 1300)];
  // The last point is always drawn, and then it is not the last any more.
  expect(after.slice(0, before.length - 2)).toEqual(before.slice(0, -2));
});

it('takes points in order only, and starts again from index 0', () => {
  const series = new Series();
  const chunk = (from: number, count: number) => ({
    run: 'a',
    from,
    steps: Array.from({ length: count }, (_, index) => from + index + 1),
    loss: Array.from({ length: count }, () => 0.5),
    learningRate: Array.from({ length: count }, () => null),
  });
  expect(series.add(chunk(0, 3))).toBe(true);
  expect(series.add(chunk(3, 2))).toBe(true);
  expect(series.add(chunk(7, 2))).toBe(false);
  expect(series.length).toBe(5);
  expect(series.indexAt(4)).toBe(3);
  expect(series.indexAt(0)).toBe(-1);
  expect(series.smoothLoss.at(4)).toBeCloseTo(0.5, 12);
  expect(series.add(chunk(0, 2))).toBe(true);
  expect(series.length).toBe(2);
});
