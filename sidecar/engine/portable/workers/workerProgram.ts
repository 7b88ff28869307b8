// Where the program of the worker threads lies. It is a bundle of its own, because a thread is started from a file.
import { existsSync } from 'node:fs';
import * as path from 'node:path';

/**
 * The bundled worker program: beside the running bundle (dist/, build/), or in the folder that RPG_PROGRAMS names, for
 * programs that are not bundled themselves. null when it is in neither.
 */
export function findWorkerProgram(): string | null {
  const folders = [process.env.RPG_PROGRAMS, typeof __dirname === 'string' ? __dirname : undefined];
  const files = folders.filter(folder => folder !== undefined).map(folder => path.join(folder, 'portableWorker.js'));
  return files.find(existsSync) ?? null;
}
