import { appendFileSync, existsSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricsLine } from '../../../protocol/runRecords';
import {
  lastMetricsLine,
  metricsBegin,
  openMetricsLog,
  readMetrics,
  readMetricsTail,
  truncateMetrics,
} from '../../../sidecar/runs/metricsLog';
import { temporaryFolder } from '../../support/folders';

const line = (step: number): MetricsLine => ({ step, loss: 1 / (step + 2), learningRate: 3e-3 / step });
const fileOf = (folder: string): string => path.join(folder, 'metrics.jsonl');
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => line(from + i));

function write(folder: string, content: readonly MetricsLine[]): void {
  const log = openMetricsLog(folder);
  for (const entry of content) log.append(entry);
  log.close();
}

describe('the metrics log', () => {
  it('holds what was appended, across reopening', () => {
    const folder = temporaryFolder();
    write(folder, lines(1, 3));
    write(folder, lines(4, 5));
    expect(readMetrics(folder)).toEqual(lines(1, 5));
    expect(lastMetricsLine(folder)).toEqual(line(5));
  });

  it('is on the disk after sync, before it is closed', () => {
    const folder = temporaryFolder();
    const log = openMetricsLog(folder);
    for (const entry of lines(1, 7)) log.append(entry);
    log.sync();
    expect(readMetrics(folder)).toHaveLength(7);
    log.close();
  });

  it.runIf(process.platform === 'linux')('says so when the disk is full', () => {
    const folder = temporaryFolder();
    symlinkSync('/dev/full', fileOf(folder)); // Linux's file on which every write finds no space
    const log = openMetricsLog(folder);
    log.append(line(1));
    expect(() => log.sync()).toThrow(/metrics.jsonl: could not append to it \(ENOSPC\); the disk is full/);
    log.close();
  });

  it('is empty where there is no file', () => {
    const folder = temporaryFolder();
    expect(readMetrics(folder)).toEqual([]);
    expect(lastMetricsLine(folder)).toBeNull();
    expect(truncateMetrics(folder, 5)).toBe(0);
    expect(existsSync(fileOf(folder))).toBe(false);
  });

  it('stops at a line that is not the next step, whatever follows it', () => {
    const folder = temporaryFolder();
    write(folder, [line(1), line(2), line(4), line(5)]);
    expect(readMetrics(folder)).toEqual(lines(1, 2));
    appendFileSync(fileOf(folder), '{"step":6,"lo');
    expect(lastMetricsLine(folder)).toEqual(line(5));
  });

  it('torn anywhere, cut back to a snapshot and continued, has the bytes of an uninterrupted run', () => {
    const folder = temporaryFolder();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), fc.string(), (total, at, step, garbage) => {
        writeFileSync(fileOf(folder), '');
        write(folder, lines(1, total));
        const whole = readFileSync(fileOf(folder));
        const tornAt = at % (whole.length + 1);
        truncateSync(fileOf(folder), tornAt);
        appendFileSync(fileOf(folder), garbage.replaceAll('\n', ''));
        const wholeLines = readMetrics(folder);
        expect(wholeLines).toEqual(lines(1, wholeLines.length));

        const snapshot = step % (wholeLines.length + 1);
        expect(truncateMetrics(folder, snapshot)).toBe(snapshot);
        write(folder, lines(snapshot + 1, total));
        expect(readFileSync(fileOf(folder)).equals(whole)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('says how far it reaches when lines before the snapshot were lost', () => {
    const folder = temporaryFolder();
    write(folder, lines(1, 3));
    expect(truncateMetrics(folder, 10)).toBe(3);
  });
});

describe('the tail of the metrics', () => {
  it('goes on where it was read to, without the line that is being written', () => {
    const folder = temporaryFolder();
    write(folder, lines(1, 3));
    const first = readMetricsTail(folder, metricsBegin);
    expect([first.lines, first.isRestarted]).toEqual([lines(1, 3), false]);
    write(folder, lines(4, 5));
    appendFileSync(fileOf(folder), '{"step":6,"lo');
    const second = readMetricsTail(folder, first.next);
    expect([second.lines, second.next.afterStep, second.isRestarted]).toEqual([lines(4, 5), 5, false]);
    expect(readMetricsTail(folder, second.next)).toMatchObject({ lines: [], next: second.next, isRestarted: false });
  });

  it('begins again where a resumed run cut the file back, even if it is longer by now', () => {
    const folder = temporaryFolder();
    write(folder, lines(1, 9));
    const { next } = readMetricsTail(folder, metricsBegin);
    truncateMetrics(folder, 2);
    expect(readMetricsTail(folder, next)).toMatchObject({ lines: lines(1, 2), isRestarted: true });
    write(folder, lines(3, 20));
    const shifted = { fromByte: next.fromByte, afterStep: 11 };
    expect(readMetricsTail(folder, shifted)).toMatchObject({ lines: lines(1, 20), isRestarted: true });
  });

  it('is empty where there is no file', () => {
    const nothing = { lines: [], next: metricsBegin, hasMore: false };
    const folder = temporaryFolder();
    expect(readMetricsTail(folder, metricsBegin)).toEqual({ ...nothing, isRestarted: false });
    expect(readMetricsTail(folder, { fromByte: 90, afterStep: 3 })).toEqual({ ...nothing, isRestarted: true });
  });
});
