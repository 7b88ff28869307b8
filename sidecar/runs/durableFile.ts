// What run folders need beyond util/atomicFile: state that survives a power cut, and results that replace nothing.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { writeFileAtomically } from '../util/atomicFile';
import { fileError, mendableError, type RpgError } from '../util/rpgError';

/** Replaces a small file as a whole; its content and its name are on the disk afterwards. *Errors* `file-system`. */
export async function writeDurably(file: string, content: string): Promise<void> {
  await writeFileAtomically(file, growing => growing.append(Buffer.from(content)), { durable: true });
  await syncFolder(path.dirname(file));
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

/** Gives a finished file its final name, which nobody may have taken. *Errors* `file-exists`, `file-system`. */
export async function publishNew(finished: string, file: string): Promise<void> {
  try {
    // A hard link is the one call that names a file only if nobody else did.
    await fs.link(finished, file);
    await fs.rm(finished);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || (await exists(file))) throw fileExists(file);
    await fs.rename(finished, file).catch((renameError: unknown) => {
      throw fileError(file, 'write it', renameError);
    });
  }
}

export async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

/** A file that must not be replaced. */
export function fileExists(file: string): RpgError {
  const remedies = ['choose another place', { does: 'replace', what: 'file' }] as const;
  return mendableError('file-exists', `${file} exists already`, remedies, { path: file });
}
