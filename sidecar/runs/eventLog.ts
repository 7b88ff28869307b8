// log.jsonl: what was decided and what happened, with its time. Not the metrics: those hold no times.
import { appendFileSync } from 'node:fs';
import type { LogLine } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';

/** Appends one event. *Errors* `file-system`. */
export function logEvent(file: string, event: string, facts: Record<string, unknown> = {}, now = new Date()): void {
  const line: LogLine = { time: now.toISOString(), event, ...facts };
  try {
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw fileError(file, 'append to it', error);
  }
}
