// Whole files appear under their name at once or not at all: written to a temporary name beside it, synced, renamed.
// A crash leaves a `.tmp` at most, which nobody reads.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { fileError, userError, type RpgError } from '../util/rpgError';

export interface AtomicOptions {
  /** Refuse to replace a file that exists. Default: replace. */
  mustBeNew?: boolean;
}

/** Writes a whole file. *Errors* `file-system` (disk full, permissions); `file-exists` with `mustBeNew`. */
export async function writeFileAtomically(
  file: string,
  content: string | Uint8Array,
  options: AtomicOptions = {},
): Promise<void> {
  await produceFileAtomically(file, temporary => fs.writeFile(temporary, content, { flag: 'wx' }), options);
}

/**
 * The same for a writer that needs a path: it writes the temporary file, which is then synced and renamed.
 * *Errors* as `writeFileAtomically`, and the writer's own.
 */
export async function produceFileAtomically(
  file: string,
  write: (temporary: string) => Promise<void>,
  { mustBeNew = false }: AtomicOptions = {},
): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await write(temporary);
    await syncFile(temporary);
    if (mustBeNew) await moveIfNew(temporary, file);
    else await fs.rename(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw fileError(file, 'write it', error);
  }
}

/** Makes a file's content survive a power cut. */
export async function syncFile(file: string): Promise<void> {
  const handle = await fs.open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder's entries survive a power cut, where the system can (Windows cannot, and need not). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r').catch(() => null);
  try {
    await handle?.sync();
  } catch {
    // Not every file system syncs folders; the rename itself is still atomic.
  } finally {
    await handle?.close();
  }
}

/** A file that must not be replaced. */
export function fileExists(file: string): RpgError {
  return userError('file-exists', `${file} exists already; give another folder, or --force to replace it`, {
    path: file,
  });
}

/** A hard link is the one call that names a file only if nobody else did; without links, look and then rename. */
async function moveIfNew(temporary: string, file: string): Promise<void> {
  try {
    await fs.link(temporary, file);
    await fs.rm(temporary);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(file);
    if (await exists(file)) throw fileExists(file);
    await fs.rename(temporary, file);
  }
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
