// log.jsonl: what was decided and what happened, with its time. Not the metrics: those hold no times. Everything that is
// written is a RunEvent, and everything that reads it reads it here.
import { appendFileSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { LoggedEvent, RunEvent, RunEventFacts, RunEventKind } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';
import { runFiles } from './runFiles';

/** Appends one event. *Errors* `file-system`. */
export function logEvent(runFolder: string, { event, ...facts }: RunEvent, now = new Date()): void {
  const file = path.join(runFolder, runFiles.log);
  try {
    appendFileSync(file, `${JSON.stringify({ time: now.toISOString(), event, ...facts })}\n`);
  } catch (error) {
    throw fileError(file, 'append to it', error);
  }
}

/** The events of these kinds, oldest first. A missing log has none; lines that are torn or of another version are passed over. */
export function readEvents<Kind extends RunEventKind>(
  runFolder: string,
  ...kinds: readonly Kind[]
): LoggedEvent<Kind>[] {
  const lines = readText(path.join(runFolder, runFiles.log)).split('\n');
  return lines.map(line => parseEvent(line, kinds)).filter(event => event !== null);
}

/** Null for a line that is torn, foreign, or of another kind. */
function parseEvent<Kind extends RunEventKind>(text: string, kinds: readonly Kind[]): LoggedEvent<Kind> | null {
  let line: Record<string, unknown> | null;
  try {
    line = JSON.parse(text) as Record<string, unknown> | null; // looked at key by key below
  } catch {
    return null;
  }
  const event = kinds.find(kind => kind === line?.event);
  if (!line || event === undefined || typeof line.time !== 'string') return null;
  const found: Record<string, unknown> = { time: line.time, event };
  for (const [name, type] of Object.entries<FactType>(factTypes[event]))
    found[name] = isOf(type, line[name]) ? line[name] : null;
  return found as LoggedEvent<Kind>; // it has every fact of its kind, of its type or null
}

function isOf(type: FactType, value: unknown): boolean {
  return type === 'numbers'
    ? Array.isArray(value) && value.every(each => typeof each === 'number')
    : typeof value === type;
}

type FactType = 'number' | 'string' | 'numbers';
type TypeOf<Fact> = Fact extends readonly number[] ? 'numbers' : Fact extends number ? 'number' : 'string';

const start = { step: 'number', pid: 'number', device: 'string' } as const;
const end = { step: 'number', by: 'string' } as const;

/** Every fact of every kind: one that is forgotten here does not compile. */
const factTypes: {
  readonly [Kind in RunEventKind]: {
    readonly [Fact in keyof RunEventFacts[Kind]]: TypeOf<NonNullable<RunEventFacts[Kind][Fact]>>;
  };
} = {
  started: start,
  resumed: start,
  snapshot: { step: 'number', loss: 'number', stepsPerSecond: 'number', bytes: 'number', peakBytes: 'number' },
  'test-skipped': { step: 'number', reason: 'string' },
  tested: { step: 'number', problem: 'string' },
  interrupted: end,
  stopped: end,
  failed: { code: 'string', message: 'string', step: 'number', lastSnapshot: 'number' },
  finished: { step: 'number', loss: 'number' },
  generated: {
    folder: 'string',
    count: 'number',
    step: 'number',
    seed: 'number',
    samplingMs: 'number',
    device: 'string',
    peakBytes: 'number',
    deviceBytes: 'number',
  },
  evaluated: { file: 'string', generated: 'string' },
  'engine-changed': { from: 'string', to: 'string', step: 'number' },
  'snapshots-damaged': { steps: 'numbers' },
};

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
