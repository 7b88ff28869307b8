// How one process asks another's trainer to stop: a file in the run folder, which the trainer looks for between steps. It
// works for trainers in an editor, in a terminal and on another machine that shares the disk; a signal would not.
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { fileError } from '../util/rpgError';

const requestName = 'stop';
const lookEveryMs = 200;

export async function requestStop(runFolder: string): Promise<void> {
  const file = path.join(runFolder, requestName);
  await fs.writeFile(file, `${new Date().toISOString()} by process ${process.pid}\n`).catch((error: unknown) => {
    throw fileError(file, 'ask for a stop', error);
  });
}

/** Forgets a request: it was followed, or was meant for a trainer that is gone. */
export async function clearStopRequest(runFolder: string): Promise<void> {
  await fs.rm(path.join(runFolder, requestName), { force: true });
}

/** A question to ask after every step; it looks at the disk five times a second at most. */
export function stopRequestWatcher(runFolder: string): () => boolean {
  const file = path.join(runFolder, requestName);
  let lookedAt = -Infinity;
  let requested = false;
  return () => {
    if (!requested && performance.now() - lookedAt >= lookEveryMs) {
      lookedAt = performance.now();
      requested = existsSync(file);
    }
    return requested;
  };
}
