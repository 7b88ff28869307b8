// metrics.jsonl: one line a step, appended. Lines are buffered and may be torn by a crash; a reader takes the whole lines
// that follow each other from step 1, and a resumed run cuts the file back to its snapshot before it goes on, so that its
// bytes are those of a run that was never interrupted.
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { MetricsLine } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';
import { runFiles } from './runFiles';

const flushEveryMs = 200;
const flushBytes = 65_536;

/** The metrics of a run, for messages that name them. */
export const metricsFile = (runFolder: string): string => path.join(runFolder, runFiles.metrics);

/** The open end of a metrics file. */
export interface MetricsLog {
  append(line: MetricsLine): void;
  /** Everything appended is on the disk when it returns. */
  sync(): void;
  close(): void;
}

/** Opens for appending. *Errors* `file-system` from any of its calls. */
export function openMetricsLog(runFolder: string): MetricsLog {
  const file = metricsFile(runFolder);
  const descriptor = attempt(file, 'open it', () => fs.openSync(file, 'a'));
  let pending: string[] = [];
  let pendingBytes = 0;
  let flushedAt = performance.now();
  const flush = () => {
    const bytes = Buffer.from(pending.join(''));
    [pending, pendingBytes, flushedAt] = [[], 0, performance.now()];
    attempt(file, 'append to it', () => {
      for (let done = 0; done < bytes.length;) done += fs.writeSync(descriptor, bytes, done);
    });
  };
  return {
    append(line) {
      const text = formatMetricsLine(line);
      pending.push(text);
      pendingBytes += text.length;
      if (pendingBytes >= flushBytes || performance.now() - flushedAt >= flushEveryMs) flush();
    },
    sync() {
      flush();
      attempt(file, 'sync it', () => fs.fsyncSync(descriptor));
    },
    close() {
      try {
        flush();
      } finally {
        fs.closeSync(descriptor);
      }
    },
  };
}

/** A line's exact bytes: shortest decimal numbers, fixed key order. */
function formatMetricsLine({ step, loss, learningRate }: MetricsLine): string {
  return `${JSON.stringify({ step, loss, learningRate })}\n`;
}

/** The whole lines from step 1 on; none when there is no file. */
export function readMetrics(runFolder: string): MetricsLine[] {
  return [...wholeLines(readIfThere(metricsFile(runFolder)), 1)].map(({ line }) => line);
}

/**
 * Cuts the file after the line of `step`, or after the last whole line before it. Returns that line's step: below `step`
 * the file had lost lines.
 */
export function truncateMetrics(runFolder: string, step: number): number {
  const file = metricsFile(runFolder);
  const bytes = readIfThere(file);
  let [end, last] = [0, 0];
  for (const { line, endByte } of wholeLines(bytes, 1)) {
    if (line.step > step) break;
    [end, last] = [endByte, line.step];
  }
  if (end < bytes.length) attempt(file, 'truncate it', () => fs.truncateSync(file, end));
  return last;
}

/** The last whole line, read from the end of the file, or null. */
export function lastMetricsLine(runFolder: string): MetricsLine | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(metricsFile(runFolder), 'r');
  } catch {
    return null;
  }
  try {
    const size = fs.fstatSync(descriptor).size;
    const tail = Buffer.alloc(Math.min(size, 4096));
    fs.readSync(descriptor, tail, 0, tail.length, size - tail.length);
    const lines = tail.toString('latin1').split('\n').slice(0, -1).reverse();
    for (const text of lines) {
      const line = parseMetricsLine(text);
      if (line) return line;
    }
    return null;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Where a reader of the tail is: the byte it has read to, and the step of the last line before it. */
export interface MetricsPlace {
  readonly fromByte: number;
  readonly afterStep: number;
}

/** The lines after a place. */
export interface MetricsTail {
  readonly lines: readonly MetricsLine[];
  readonly next: MetricsPlace;
  /** The file does not go on where it did, for a resumed run cut it back: these are its lines from the beginning. */
  readonly isRestarted: boolean;
  readonly hasMore: boolean;
}

/** One reading of the tail takes this much of the file at most: about 20,000 lines. */
const tailBytes = 1 << 20;
export const metricsBegin: MetricsPlace = { fromByte: 0, afterStep: 0 };

/** What was appended since a place was reached; also while another process appends. *Memory* one reading, 1 MiB. */
export function readMetricsTail(runFolder: string, place: MetricsPlace): MetricsTail {
  const file = metricsFile(runFolder);
  const tail = readLinesAfter(file, place);
  if (tail) return { ...tail, isRestarted: false };
  const whole = readLinesAfter(file, metricsBegin) ?? { lines: [], next: metricsBegin, hasMore: false };
  return { ...whole, isRestarted: place.fromByte > 0 };
}

/** Null: the file does not go on at this place. */
function readLinesAfter(file: string, { fromByte, afterStep }: MetricsPlace): Omit<MetricsTail, 'isRestarted'> | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fs.fstatSync(descriptor);
    if (size < fromByte) return null;
    const bytes = Buffer.alloc(Math.min(size - fromByte, tailBytes));
    const read = fs.readSync(descriptor, bytes, 0, bytes.length, fromByte);
    const end = bytes.subarray(0, read).lastIndexOf(10) + 1; // the line that is being written waits
    const whole = [...wholeLines(bytes.subarray(0, end), afterStep + 1)];
    if (end > 0 && whole.length === 0) return null;
    const lines = whole.map(({ line }) => line);
    // What follows a damaged line is passed over: a resumed run cuts it off.
    const isDamaged = (whole.at(-1)?.endByte ?? 0) < end;
    const next = { fromByte: fromByte + end, afterStep: lines.at(-1)?.step ?? afterStep };
    return { lines, next, hasMore: !isDamaged && end > 0 && next.fromByte < size };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** A line is believed when it is whole, parses, and is the step after the one before. */
function* wholeLines(bytes: Buffer, firstStep: number): Generator<{ line: MetricsLine; endByte: number }> {
  for (let start = 0, step = firstStep; start < bytes.length; step++) {
    const newline = bytes.indexOf(10, start);
    if (newline < 0) return;
    const line = parseMetricsLine(bytes.toString('latin1', start, newline));
    if (line?.step !== step) return;
    yield { line, endByte: newline + 1 };
    start = newline + 1;
  }
}

function parseMetricsLine(text: string): MetricsLine | null {
  try {
    const line = JSON.parse(text) as Partial<MetricsLine> | null;
    const whole =
      typeof line?.step === 'number' && typeof line.loss === 'number' && typeof line.learningRate === 'number';
    return whole ? (line as MetricsLine) : null;
  } catch {
    return null;
  }
}

function readIfThere(file: string): Buffer {
  return attempt(file, 'read it', () => (fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0)));
}

function attempt<T>(file: string, doing: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fileError(file, doing, error);
  }
}
