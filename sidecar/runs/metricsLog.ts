// metrics.jsonl: one line a step, appended. Lines are buffered and may be torn by a crash; a reader takes the whole lines
// that follow each other from step 1, and a resumed run cuts the file back to its snapshot before it goes on, so that its
// bytes are those of a run that was never interrupted.
import * as fs from 'node:fs';
import type { MetricsLine } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';

const flushEveryMs = 200;
const flushBytes = 65_536;

/** The open end of a metrics file. */
export interface MetricsLog {
  append(line: MetricsLine): void;
  /** Everything appended is on the disk when it returns. */
  sync(): void;
  close(): void;
}

/** Opens for appending. *Errors* `file-system` from any of its calls. */
export function openMetricsLog(file: string): MetricsLog {
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
export function formatMetricsLine({ step, loss, learningRate }: MetricsLine): string {
  return `${JSON.stringify({ step, loss, learningRate })}\n`;
}

/** The whole lines from step 1 on; none when there is no file. */
export function readMetrics(file: string): MetricsLine[] {
  return [...wholeLines(readIfThere(file))].map(({ line }) => line);
}

/**
 * Cuts the file after the line of `step`, or after the last whole line before it. Returns that line's step: below `step`
 * the file had lost lines.
 */
export function truncateMetrics(file: string, step: number): number {
  const bytes = readIfThere(file);
  let [end, last] = [0, 0];
  for (const { line, endByte } of wholeLines(bytes)) {
    if (line.step > step) break;
    [end, last] = [endByte, line.step];
  }
  if (end < bytes.length) attempt(file, 'truncate it', () => fs.truncateSync(file, end));
  return last;
}

/** The last whole line, read from the end of the file, or null. */
export function lastMetricsLine(file: string): MetricsLine | null {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'r');
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

/** A line is believed when it is whole, parses, and is the step after the one before. */
function* wholeLines(bytes: Buffer): Generator<{ line: MetricsLine; endByte: number }> {
  for (let start = 0, step = 1; start < bytes.length; step++) {
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
