// log.jsonl: what was decided and what happened, with its time. Not the metrics: those hold no times.
import { appendFileSync, readFileSync } from 'node:fs';
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

/** The events of these kinds, oldest first; a missing log has none, and a torn last line is passed over. */
export function readEvents(file: string, ...events: readonly string[]): LogLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap(line => {
    try {
      const parsed = JSON.parse(line) as LogLine | null; // our own lines; anything else fails the comparison
      return parsed && events.includes(parsed.event) ? [parsed] : [];
    } catch {
      return [];
    }
  });
}
