import { describe, expect, it } from 'vitest';
import type { TrainProgress } from '../../../protocol/training';
import { formatDuration } from '../../../shared/words';
import { createProgressMeter } from '../../../sidecar/app/train/progressMeter';

/** A meter with a clock of its own. */
function meterOfThousandSteps() {
  const reports: TrainProgress[] = [];
  let now = 0;
  const meter = createProgressMeter(
    'r',
    1000,
    0,
    report => reports.push(report),
    () => now,
  );
  return { meter, reports, pass: (ms: number) => void (now += ms) };
}

describe('the progress meter', () => {
  it('reports speed and time left ten times a second, from the last seconds', () => {
    const { meter, reports, pass } = meterOfThousandSteps();
    for (let step = 1; step <= 500; step++) {
      pass(step <= 250 ? 100 : 20); // 10 steps a second, then 50
      meter.step({ step, loss: 1 / step, learningRate: 0.5 });
    }
    expect(reports.length).toBeLessThan(320);
    const early = reports.find(report => report.step === 200)!;
    expect(early.stepsPerSecond).toBeCloseTo(10, 5);
    expect(early.remainingMs).toBeCloseTo(80_000, 0);
    expect(meter.stepsPerSecond()).toBeGreaterThan(25);
    expect(reports.at(-1)).toMatchObject({ run: 'r', phase: 'training', steps: 1000, learningRate: 0.5 });
  });

  it('leaves the time of snapshots out of the speed', async () => {
    const { meter, reports, pass } = meterOfThousandSteps();
    for (let step = 1; step <= 60; step++) {
      pass(100); // 10 steps a second
      meter.step({ step, loss: 1, learningRate: 0.5 });
      if (step === 30) await meter.saving('saving step 30', async () => pass(60_000));
      expect(meter.stepsPerSecond()).toBeCloseTo(10, 5);
    }
    expect(reports.filter(({ phase }) => phase === 'saving').map(({ message }) => message)).toEqual(['saving step 30']);
    expect(reports.at(-1)!.remainingMs).toBeCloseTo(94_000, 0);
  });

  it('knows no speed before the first step', () => {
    const reports: TrainProgress[] = [];
    const meter = createProgressMeter(
      'r',
      10,
      4,
      report => reports.push(report),
      () => 7,
    );
    meter.phase('saving', 'x');
    expect(reports).toEqual([
      expect.objectContaining({ phase: 'saving', step: 4, stepsPerSecond: null, remainingMs: null, loss: null }),
    ]);
  });
});

it.each([
  [null, '–'],
  [900, '1 s'],
  [65_000, '1 min 5 s'],
  [3_725_000, '1 h 2 min'],
])('a duration of %s ms is shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
