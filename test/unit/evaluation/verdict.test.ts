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
  return {
    ...{ group, title: group, count, failed: 0, accuracy: summary, meanLoss: null, maxIouWithOriginals: maxIou },
    ...{ iouInside: null, iouWithOriginals: null, nearestDistance: null, nearestDistanceRatio: null, novelty: [] },
  };
}

const baselines = [
  row('originals', 0.9, 0.95),
  row('baseline: noise 0.02', 0.88, 0.85),
  row('baseline: noise 0.1', 0.6, 0.45),
  row('baseline: midpoints', 0.9, 0.94),
];
const judge = (accuracy: number, maxIou: number, sd?: number) =>
  verdictOf([...baselines, row('generated', accuracy, maxIou, sd)]);

describe('the verdict', () => {
  it.each([
    // At IoU 0.65, half-way from noise 0.02 to 0.1: noise of 0.06 and an accuracy of 74 %.
    [
      0.76,
      0.65,
      /^The generated networks are better than noise: 2\.00 points more accurate \(standard error 0\.0\d\) than originals with noise of about 0\.060, which are as similar to the originals \(highest IoU 0\.650\)\.$/,
    ],
    [0.7, 0.65, /worse than noise: 4\.00 points less accurate/],
    [
      0.7401,
      0.65,
      /worth about as much as noise: originals with noise of about 0\.060, .*, are as accurate \(0\.01 points less/,
    ],
    [0.7399, 0.65, /are as accurate \(0\.01 points more/],
    // Exactly the first and the last point.
    [0.9, 0.95, /as much as noise: originals with noise of about 0\.000/],
    [0.65, 0.45, /better than noise: 5\.00 points/],
  ])('of an accuracy of %s at a highest IoU of %s', (accuracy, maxIou, expected) => {
    expect(judge(accuracy, maxIou)).toMatch(expected);
  });

  it('calls a difference none that the spread of the networks could make', () => {
    expect(judge(0.76, 0.65, 0.05)).toMatch(/about as much as noise.*standard error 1\.58/);
  });

  it('is that they repeat the originals where they are as similar as copies', () => {
    expect(judge(0.9, 0.99)).toMatch(/repeat the originals/);
  });

  it.each([
    [
      0.5,
      /are less similar to the originals \(highest IoU 0\.200\) than those with noise of 0\.1, .*, and 10\.00 points less accurate\.$/,
    ],
    [
      0.65,
      /better than noise: less similar to the originals .* and 5\.00 points more accurate than those with noise of 0\.1,/,
    ],
  ])('where no noise is as far away says on which side an accuracy of %s is', (accuracy, expected) => {
    expect(judge(accuracy, 0.2)).toMatch(expected);
  });

  it('names another baseline that is as new and as accurate', () => {
    const rows = [...baselines, row('baseline: averages of 16', 0.8, 0.6), row('generated', 0.76, 0.65)];
    expect(verdictOf(rows)).toMatch(/better than noise.* No more similar and at least as accurate: averages of 16\.$/);
  });

  it('leaves out a noise level that is no less similar than a weaker one', () => {
    const rows = [...baselines, row('baseline: noise 0.03', 0.1, 0.9), row('generated', 0.76, 0.65)];
    expect(verdictOf(rows)).toMatch(/noise of about 0\.060/);
  });

  it.each([
    ['accuracy', [...baselines, row('generated', null, 0.65)]],
    ['similarity', [...baselines, row('generated', 0.76, null)]],
    ['noise', [row('originals', 0.9, 0.95), row('generated', 0.76, 0.65)]],
    ['generated networks', baselines],
    ['more than one generated network', [...baselines, row('generated', 0.76, 0.65, 0, 1)]],
    [
      'more than one network of each noise',
      [baselines[0]!, row('baseline: noise 0.1', 0.6, 0.45, 0, 1), row('generated', 0.76, 0.65)],
    ],
  ])('is none without %s', (_, rows) => {
    expect(verdictOf(rows)).toBeNull();
  });
});
