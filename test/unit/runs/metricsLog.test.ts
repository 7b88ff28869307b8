import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricsLine } from '../../../protocol/runRecords';
import { lastMetricsLine, openMetricsLog, readMetrics, truncateMetrics } from '../../../sidecar/runs/metricsLog';
import { temporaryFolder } from '../../support/folders';

const line = (step: number): MetricsLine => ({ step, loss: 1 / (step + 2), learningRate: 3e-3 / step });
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i));

function write(file: string, content: readonly MetricsLine[]): void {
  const log = openMetricsLog(file);
  for (const entry of content) log.append(entry);
  log.close();
}

describe('the metrics log', () => {
  it('holds what was appended, across reopening', () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    write(file, lines(1, 3));
    write(file, lines(4, 5));
    expect(readMetrics(file)).toEqual(lines(1, 5));
    expect(lastMetricsLine(file)).toEqual(line(5));
  });

  it('is on the disk after sync, before it is closed', () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    const log = openMetricsLog(file);
    for (const entry of lines(1, 7)) log.append(entry);
    log.sync();
    expect(readMetrics(file)).toHaveLength(7);
    log.close();
  });

  it.runIf(process.platform === 'linux')('says so when the disk is full', () => {
    const log = openMetricsLog('/dev/full'); // Linux's file on which every write finds no space
    log.append(line(1));
    expect(() => log.sync()).toThrow(/\/dev\/full: could not append to it \(ENOSPC\); the disk is full/);
    log.close();
  });

  it('is empty where there is no file', () => {
    const file = path.join(temporaryFolder(), 'none.jsonl');
    expect(readMetrics(file)).toEqual([]);
    expect(lastMetricsLine(file)).toBeNull();
    expect(truncateMetrics(file, 5)).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('stops at a line that is not the next step, whatever follows it', () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    write(file, [line(1), line(2), line(4), line(5)]);
    expect(readMetrics(file)).toEqual(lines(1, 2));
    appendFileSync(file, '{"step":6,"lo');
    expect(lastMetricsLine(file)).toEqual(line(5));
  });

  it('torn anywhere, cut back to a snapshot and continued, has the bytes of an uninterrupted run', () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), fc.string(), (total, at, step, garbage) => {
        writeFileSync(file, '');
        write(file, lines(1, total));
        const whole = readFileSync(file);
        const tornAt = at % (whole.length + 1);
        truncateSync(file, tornAt);
        appendFileSync(file, garbage.replaceAll('\n', ''));
        const wholeLines = readMetrics(file);
        expect(wholeLines).toEqual(lines(1, wholeLines.length));

        const snapshot = step % (wholeLines.length + 1);
        expect(truncateMetrics(file, snapshot)).toBe(snapshot);
        write(file, lines(snapshot + 1, total));
        expect(readFileSync(file).equals(whole)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('says how far it reaches when lines before the snapshot were lost', () => {
    const file = path.join(temporaryFolder(), 'metrics.jsonl');
    write(file, lines(1, 3));
    expect(truncateMetrics(file, 10)).toBe(3);
  });
});
