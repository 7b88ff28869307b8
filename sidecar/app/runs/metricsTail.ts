// The new lines of a run's metrics.jsonl, for a curve that is drawn while another process may be writing it.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as path from 'node:path';
import type { MetricsTail, MetricsTailParams } from '../../../protocol/runs';
import type { MetricsLine } from '../../../protocol/runRecords';
import { findRun, runFiles } from '../../runs/runStore';
import type { OperationContext } from '../context';

/** One answer holds this much of the file at most: about 20,000 points. */
const chunkBytes = 1 << 20;

/** *Errors* `run-not-found`. A run without metrics has no points. *Memory* one chunk. */
export async function metricsTail(params: MetricsTailParams, { workspace }: OperationContext): Promise<MetricsTail> {
  const file = path.join(await findRun(workspace, params.run), runFiles.metrics);
  const tail = readLines(file, params.fromByte);
  const isRestarted = params.fromByte > 0 && (tail === null || followsNot(tail.lines, params.afterStep));
  const { lines, nextByte, hasMore } = (isRestarted ? readLines(file, 0) : tail) ?? nothing;
  return {
    steps: lines.map(line => line.step),
    loss: lines.map(line => line.loss),
    learningRate: lines.map(line => line.learningRate),
    nextByte,
    isRestarted,
    hasMore,
  };
}

interface Lines {
  lines: MetricsLine[];
  nextByte: number;
  hasMore: boolean;
}
const nothing: Lines = { lines: [], nextByte: 0, hasMore: false };

const followsNot = (lines: readonly MetricsLine[], afterStep: number): boolean =>
  lines.length > 0 && lines[0]!.step !== afterStep + 1;

/** Null: the file is shorter than `fromByte`, or a line does not begin there: it is another file than before. */
function readLines(file: string, fromByte: number): Lines | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return fromByte === 0 ? nothing : null;
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size < fromByte) return null;
    const bytes = Buffer.alloc(Math.min(size - fromByte, chunkBytes));
    const read = readSync(descriptor, bytes, 0, bytes.length, fromByte);
    const end = bytes.lastIndexOf(10, read - 1) + 1; // the line that is being written waits
    const texts = bytes.toString('latin1', 0, end).split('\n').slice(0, -1);
    const lines: MetricsLine[] = [];
    for (const text of texts) {
      const line = parse(text);
      if (!line) return lines.length === 0 && fromByte > 0 ? null : { lines, nextByte: fromByte + end, hasMore: false };
      lines.push(line);
    }
    return { lines, nextByte: fromByte + end, hasMore: fromByte + end < size && end > 0 };
  } finally {
    closeSync(descriptor);
  }
}

function parse(text: string): MetricsLine | null {
  try {
    const line = JSON.parse(text) as Partial<MetricsLine> | null;
    return typeof line?.step === 'number' && typeof line.loss === 'number' ? (line as MetricsLine) : null;
  } catch {
    return null;
  }
}
