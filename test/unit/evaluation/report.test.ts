import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EvaluationResult } from '../../../protocol/evaluation';
import { csvText } from '../../../shared/csv';
import { groupTable, iouTable, networkTable } from '../../../sidecar/evaluation/csv';
import { heatMap } from '../../../sidecar/evaluation/plots/heatMap';
import { lineChart } from '../../../sidecar/evaluation/plots/lineChart';
import { escapeMarkup } from '../../../shared/markup';
import { roundTicks } from '../../../shared/ticks';
import { linearScale, paddedRange } from '../../../sidecar/evaluation/plots/svg';
import { reportHtml } from '../../../sidecar/evaluation/report';

const hostile = `<script>alert("x")</script>&'\u0000`;

const result: EvaluationResult = {
  formatVersion: 1,
  test: { kind: 'external', title: `python test.py ${hostile}`, samples: 4 },
  seed: 3,
  elapsedMs: 1234,
  rows: [
    {
      group: 'originals',
      title: 'training checkpoints',
      count: 1,
      failed: 0,
      accuracy: { count: 1, best: 0.5, mean: 0.5, min: 0.5, sd: 0 },
      meanLoss: null,
      maxIouWithOriginals: null,
      iouInside: null,
      iouWithOriginals: null,
      nearestDistance: null,
      nearestDistanceRatio: null,
      novelty: [{ tau: 1, share: 0.25 }],
    },
    {
      group: 'generated',
      title: 'generated networks',
      count: 1,
      failed: 1,
      accuracy: null,
      meanLoss: null,
      maxIouWithOriginals: 0.5,
      iouInside: null,
      iouWithOriginals: 0.5,
      nearestDistance: 2,
      nearestDistanceRatio: null,
      novelty: [{ tau: 1, share: 0 }],
    },
  ],
  networks: [
    {
      name: hostile,
      group: 'originals',
      accuracy: 0.5,
      loss: null,
      failure: null,
      maxIouWithOriginals: 0.25,
      nearestDistance: null,
      nearest: null,
      nonFinite: 0,
      nonPositiveVariances: 0,
    },
    {
      name: '=cmd()',
      group: 'generated',
      accuracy: null,
      loss: null,
      failure: `it said "${hostile}"\nand ended`,
      maxIouWithOriginals: null,
      nearestDistance: 2,
      nearest: hostile,
      nonFinite: 3,
      nonPositiveVariances: 0,
    },
  ],
  iou: {
    names: [hostile, '=cmd()'],
    originals: 1,
    values: [
      [1, 0.5],
      [0.5, 1],
    ],
  },
  leaveOneOutMedian: null,
  diversity: { generatedSpread: null, originalSpread: null, covered: 1, originals: 1 },
  ensembles: [{ title: 'originals', networks: 1, accuracy: 0.5 }],
  midpoints: [{ name: hostile, nearest: hostile, accuracy: 0.5, barrier: 0 }],
  health: [{ name: hostile, originals: { mean: 0, std: 1 }, generated: { mean: 0, std: 1 } }],
  histograms: [{ name: hostile, low: 0, high: 1, originals: [0.5, 0.5], generated: [1, 0] }],
  verdict: hostile,
  notes: [hostile],
};
const page = reportHtml({
  title: hostile,
  facts: [[hostile, hostile]],
  loss: [
    { x: 0, y: 1 },
    { x: 9, y: 0.1 },
  ],
  result,
});

describe('the report', () => {
  test('what came from outside is escaped everywhere', () => {
    expect(page).not.toContain('<script');
    expect(page).not.toContain('alert("x")');
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;\ufffd');
  });

  test('it needs nothing from outside and runs nothing', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/\s(?:src|href|on[a-z]+)=/);
    expect(page).not.toMatch(/url\(|@import|javascript:/);
  });

  test('every picture has a text alternative, and tables stand behind them', () => {
    const pictures = [...page.matchAll(/<svg [^>]*>/g)].map(([tag]) => tag);
    expect(pictures).toHaveLength(4); // scatter, heat map, histogram, loss
    for (const tag of pictures) expect(tag).toMatch(/role="img" aria-label="[^"]{20,}"/);
    expect([...page.matchAll(/<caption>/g)].length).toBeGreaterThanOrEqual(pictures.length);
  });

  test('it is well-formed: every element that opens closes in order', () => {
    const open: string[] = [];
    for (const [, slash, name, selfClosing] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/gi)) {
      if (selfClosing || name === 'meta') continue;
      if (slash) expect(open.pop()).toBe(name);
      else open.push(name!);
    }
    expect(open).toEqual([]);
  });

  test('an unknown value is a dash, never NaN', () => {
    expect(page).not.toMatch(/NaN(?! or infinite)|undefined|null/);
    expect(page).toContain('<td>–</td>');
  });
});

describe('CSV', () => {
  test('commas, quotes and line ends are quoted, formulas are disarmed, unknown is empty', () => {
    expect(csvText([['a,b', 'say "x"', 'two\nlines', '=1+1', null, undefined, Number.NaN, 0.5]])).toBe(
      `"a,b","say ""x""","two\nlines",'=1+1,,,,0.5\r\n`,
    );
  });
  test('the tables have a line for every row', () => {
    expect(groupTable(result)).toHaveLength(3);
    expect(groupTable(result).every(row => row.length === 14)).toBe(true);
    expect(networkTable(result).every(row => row.length === 10)).toBe(true);
    expect(iouTable(result)).toEqual([
      ['network', hostile, '=cmd()'],
      [hostile, 1, 0.5],
      ['=cmd()', 0.5, 1],
    ]);
  });
});

describe('plot helpers', () => {
  const numbers = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  test('ticks are round, ascending, inside the range and few', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (low, span) => {
        const values = roundTicks(low, low + span);
        const tolerance = 1e-6 * span + 1e-11 * Math.abs(low); // ticks keep twelve digits
        expect(values.length).toBeLessThanOrEqual(7);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(low - tolerance);
          expect(value).toBeLessThanOrEqual(low + span + tolerance);
        }
      }),
    );
  });
  test('escaped text holds no markup, and is the text once unescaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ';') }), text => {
        const escaped = escapeMarkup(text);
        expect(escaped).not.toMatch(/[<>"']/);
        const back = escaped
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&');
        expect(back).toBe(text);
      }),
    );
  });
  test('a range without values, or of one value, still has a width', () => {
    expect(paddedRange([])).toEqual([0, 1]);
    const [low, high] = paddedRange([0.5, Number.NaN]);
    expect(high).toBeGreaterThan(low);
    expect(linearScale(1, 1, 0, 10)(1)).toBe(5);
  });
  test('a point that is not finite leaves a gap in the line', () => {
    const chart = lineChart(
      [1, 2, Number.NaN, 4, 5].map((y, x) => ({ x, y })),
      { xTitle: 'x', yTitle: 'y', label: 'l' },
    );
    const path = /class="line" d="([^"]*)"/.exec(chart)![1]!;
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path).not.toContain('NaN');
  });
  test('the heat map joins equal neighbours and stays inside its scale', () => {
    const flat = heatMap(
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
      { low: 0.5, high: 1, split: 3, label: 'l', titles: ['a', 'b'] },
    );
    const path = /class="shade" fill-opacity="1" d="([^"]*)"/.exec(flat)![1]!;
    expect(path.match(/M/g)).toHaveLength(3); // one run a row
  });
});
