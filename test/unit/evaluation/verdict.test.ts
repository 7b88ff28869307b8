import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluationRow, NetworkGroup } from '../../../protocol/evaluation';
import { verdictOf } from '../../../sidecar/evaluation/verdict';

function row(
  group: NetworkGroup,
  accuracy: number | null,
  maxIou: number | null,
  sd = 0.001,
  count = 10,
): EvaluationRow {
  const summary = accuracy === null ? null : { count, best: accuracy, mean: accuracy, min: accuracy, sd };
  const failed = accuracy === null ? count : 0;
  return {
    ...{ group, title: group, count, failed, accuracy: summary, meanLoss: null, maxIouWithOriginals: maxIou },
    ...{ iouInside: null, iouWithOriginals: null, nearestDistance: null, nearestDistanceRatio: null, novelty: [] },
  };
}

// The originals differ among themselves: their own similarity says nothing of noise, which begins at a copy.
const beside = [
  row('originals', 0.9, 0.75),
  row('baseline: noise 0.01', 0.9, 0.95),
  row('baseline: noise 0.02', 0.88, 0.85),
  row('baseline: noise 0.1', 0.6, 0.45),
];
const judge = (accuracy: number, maxIou: number, sd?: number) =>
  verdictOf([...beside, row('generated', accuracy, maxIou, sd)]);

describe('the verdict', () => {
  it.each([
    // At IoU 0.65, half-way from noise 0.02 to 0.1: noise of 0.06 and an accuracy of 74 %.
    [
      0.76,
      0.65,
      /^The generated networks are better than noise: 2\.00 points more accurate \(standard error 0\.0\d\) than originals with noise of about 0\.060, which are as similar to the originals \(highest IoU 0\.650\)\.$/,
    ],
    [0.7, 0.65, /worse than noise: 4\.00 points less accurate/],
    [0.7401, 0.65, /worth about as much as noise: they are as accurate \(0\.01 points more.*noise of about 0\.060/],
    [0.7399, 0.65, /they are as accurate \(0\.01 points less/],
    // Exactly the first and the last noise.
    [0.9, 0.95, /as much as noise: .* noise of about 0\.010/],
    [0.65, 0.45, /better than noise: 5\.00 points/],
    // More similar than the originals are among themselves is no copy: noise is, too.
    [0.89, 0.9, /as much as noise: .* noise of about 0\.015/],
    [0.9, 0.97, /repeat the originals: they are closer to them \(highest IoU 0\.970\) than noise of 0\.01/],
  ])('of an accuracy of %s at a highest IoU of %s', (accuracy, maxIou, expected) => {
    expect(judge(accuracy, maxIou)).toMatch(expected);
  });

  it('calls a difference none that the spread of the networks could make', () => {
    expect(judge(0.76, 0.65, 0.05)).toMatch(/about as much as noise.*standard error 1\.58/);
  });

  it('says where no noise is as far away on which side they are, and that they may be broken', () => {
    expect(judge(0.5, 0.2)).toMatch(
      /^The generated networks are less similar to the originals \(highest IoU 0\.200\) than noise of 0\.1, the strongest tested, and 10\.00 points less accurate \(.*\)\. They are 40\.00 points less accurate than the originals: broken or undertrained rather than new\.$/,
    );
    expect(judge(0.65, 0.2)).toMatch(/5\.00 points more accurate \(.*\): better than noise\.$/);
  });

  it('passes on what to try where they are broken, and only there', () => {
    const rows = (accuracy: number) => [...beside, row('generated', accuracy, 0.2)];
    expect(verdictOf(rows(0.5), undefined, () => 'Train for longer.')).toMatch(/rather than new\. Train for longer\.$/);
    expect(verdictOf(rows(0.9), undefined, () => 'Train for longer.')).not.toMatch(/Train/);
  });

  it('names the best simple rival, with its error, and whether it beats every generated network', () => {
    const rivals = [row('baseline: midpoints', 0.78, 0.7), row('baseline: average of all', 0.8, 0.6, 0.001)];
    expect(verdictOf([...beside, ...rivals, row('generated', 0.76, 0.65)])).toMatch(
      /better than noise.* The best simple rival, average of all, highest IoU 0\.600, is 4\.00 points more accurate \(standard error 0\.04\), more than the best of them\.$/,
    );
    expect(verdictOf([...beside, row('baseline: midpoints', 0.7, 0.7), row('generated', 0.76, 0.65)])).toMatch(
      /best simple rival, midpoints, highest IoU 0\.700, is 6\.00 points less accurate/,
    );
    expect(verdictOf([...beside, row('baseline: midpoints', 0.7601, 0.7), row('generated', 0.76, 0.65)])).toMatch(
      /best simple rival, midpoints, .*, is as accurate \(0\.01 points more accurate, standard error/,
    );
  });

  it('leaves out a noise level that is no less similar than a weaker one', () => {
    const rows = [...beside, row('baseline: noise 0.03', 0.1, 0.9), row('generated', 0.76, 0.65)];
    expect(verdictOf(rows)).toMatch(/noise of about 0\.060/);
  });

  it('goes by distance in normalised weights where the test tells no predictions', () => {
    const at = (each: EvaluationRow, weightNoise: number): EvaluationRow => ({
      ...each,
      maxIouWithOriginals: null,
      metrics: { weightNoise },
    });
    const rows = [
      row('originals', 0.9, null),
      at(row('baseline: noise 0.01', 0.9, null), 0.01),
      at(row('baseline: noise 0.1', 0.6, null), 0.1),
      at(row('generated', 0.8, null), 0.055),
    ];
    expect(verdictOf(rows)).toMatch(
      /better than noise: 5\.00 points more accurate .* noise of about 0\.055, which are as far from the originals \(0\.055 of/,
    );
  });

  describe('over test samples', () => {
    // A thousand samples; generated networks are right where noise is, and in 20 more.
    const n = 1000;
    const upTo = (right: number) => Float64Array.from({ length: n }, (_, i) => (i < right ? 1 : 0));
    const shares = new Map<string, Float64Array>([
      ['originals', upTo(900)],
      ['baseline: noise 0.01', upTo(900)],
      ['baseline: noise 0.1', upTo(740)],
      ['generated', upTo(760)],
    ]);
    const rows = (count: number) => [
      row('originals', 0.9, 0.75, 0, 10),
      row('baseline: noise 0.01', 0.9, 0.95, 0, count),
      row('baseline: noise 0.1', 0.74, 0.65, 0, count),
      row('generated', 0.76, 0.65, 0, count),
    ];
    const correctOf = (group: string) => shares.get(group) ?? null;
    // Paired: 20 of 1000 differ, so the error is √(0.02 · 0.98 / 999) = 0.443 points, not that of two separate tests (1.9).
    it('the error is that of pairs, also of a single network', () => {
      expect(verdictOf(rows(1), correctOf)).toMatch(
        /2\.00 points more accurate \(standard error 0\.44 over samples alone\)/,
      );
      expect(verdictOf(rows(10), correctOf)).toMatch(/standard error 0\.44 over networks and samples/);
    });
    it('is not known of one network without predictions, which is said', () => {
      expect(verdictOf(rows(1))).toMatch(
        /cannot be said: with one network and no predictions there is no error; they are 2\.00 points more accurate than/,
      );
    });
  });

  it.each([
    ['tests', [row('originals', null, null), row('generated', null, null)], 'no network could be tested'],
    ['a tested generated network', [...beside, row('generated', null, 0.65)], 'none of them could be tested'],
    [
      'a tested original',
      [row('originals', null, null), ...beside.slice(1), row('generated', 0.76, 0.65)],
      'no original',
    ],
    ['similarity and distance', [...beside, row('generated', 0.76, null)], 'neither similarity nor distance'],
    ['noise', [row('originals', 0.9, 0.95), row('generated', 0.76, 0.65)], 'no noise was tested'],
    ['generated networks', beside, 'there are none'],
  ])('without %s says why there is none', (_, rows, reason) => {
    expect(verdictOf(rows)).toContain(`worth more than noise cannot be said: ${reason}`);
  });

  describe('of real zoos whose originals are far apart', () => {
    const rowsOf = (name: string) =>
      JSON.parse(
        readFileSync(path.join(import.meta.dirname, 'fixtures', `${name}-rows.json`), 'utf8'),
      ) as EvaluationRow[];
    it('24 MLPs with batch norm: noise of 0.074', () => {
      expect(verdictOf(rowsOf('mlp'))).toMatch(
        /^The generated networks are worth about as much as noise: they are as accurate \(0\.56 points more accurate, standard error 0\.29\) as originals with noise of about 0\.074/,
      );
    });
    it('20 ViTs in bfloat16: farther than noise of 0.1 and broken', () => {
      expect(verdictOf(rowsOf('vit'))).toMatch(
        /less similar to the originals \(highest IoU 0\.538\) than noise of 0\.1, the strongest tested, and 4\.09 points less accurate \(standard error 0\.69\).*broken or undertrained/,
      );
    });
  });
});
