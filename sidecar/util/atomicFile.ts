// Whole files and folders appear under their final name complete or not at all: everything is written beside it under a
// temporary name and renamed at the end. A failure or a cancellation removes the temporary.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { randomBytes } from 'node:crypto';
import * as path from 'node:path';
import { fileError } from './rpgError';

const writeInBackground = promisify(write);

/** A folder and those around it; one that is there already is kept. *Errors* `file-system`. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw fileError(folder, 'create', error);
  }
}

/** An open temporary file that only grows. */
export class GrowingFile {
  private length = 0;

  constructor(
    private readonly fd: number,
    private readonly finalPath: string,
  ) {}

  get sizeBytes(): number {
    return this.length;
  }

  append(bytes: Uint8Array): void {
    this.writeAt(this.length, bytes);
    this.length += bytes.length;
  }

  /** The same on another thread: the caller may read the bytes, but not change them, until it is done. */
  async appendInBackground(bytes: Uint8Array): Promise<void> {
    const at = this.length;
    this.length += bytes.length;
    try {
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(bytes.length - done, 1 << 30);
        done += (await writeInBackground(this.fd, bytes, done, length, at + done)).bytesWritten;
      }
    } catch (error) {
      throw fileError(this.finalPath, 'write', error);
    }
  }

  /** Overwrites bytes already written, such as a checksum known only afterwards. */
  patch(at: number, bytes: Uint8Array): void {
    this.writeAt(at, bytes);
  }

  private writeAt(at: number, bytes: Uint8Array): void {
    try {
      // The kernel writes at most 2 GiB a call and may write less than asked.
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.fd, bytes, done, Math.min(bytes.length - done, 1 << 30), at + done);
      }
    } catch (error) {
      throw fileError(this.finalPath, 'write', error);
    }
  }
}

export interface AtomicOptions {
  /** Force the bytes to the disk before the rename: for state that must survive a power failure. */
  durable?: boolean;
}

/**
 * Writes a file through `fill` and renames it to `finalPath`, replacing what was there.
 *
 * *Errors* `file-system` with the path and remedy; whatever `fill` throws. Nothing is left behind.
 */
export async function writeFileAtomically(
  finalPath: string,
  fill: (file: GrowingFile) => Promise<void> | void,
  options: AtomicOptions = {},
): Promise<void> {
  const temporary = temporaryBeside(finalPath);
  let fd: number;
  try {
    fd = openSync(temporary, 'wx');
  } catch (error) {
    throw fileError(finalPath, 'create', error);
  }
  try {
    try {
      await fill(new GrowingFile(fd, finalPath));
      if (options.durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, finalPath);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(finalPath, 'write', error);
  }
}

/** The same for a folder: `fill` gets the temporary folder's path. Without `replace` it must not exist yet. */
export async function writeFolderAtomically(
  finalPath: string,
  fill: (folder: string) => Promise<void> | void,
  { replace = false }: { replace?: boolean } = {},
): Promise<void> {
  const temporary = temporaryBeside(finalPath);
  try {
    mkdirSync(temporary);
  } catch (error) {
    throw fileError(finalPath, 'create', error);
  }
  try {
    await fill(temporary);
    if (replace && existsSync(finalPath)) exchange(temporary, finalPath);
    else renameSync(temporary, finalPath);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw fileError(finalPath, 'write', error);
  }
}

/** No call exchanges two folders: for a moment there is none, but at no time half of one. */
function exchange(temporary: string, finalPath: string): void {
  const old = temporaryBeside(finalPath);
  renameSync(finalPath, old);
  try {
    renameSync(temporary, finalPath);
  } catch (error) {
    renameSync(old, finalPath);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Same folder, so that the rename never crosses a file system; short, so that a long file name still fits. */
function temporaryBeside(finalPath: string): string {
  const suffix = `.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  return path.join(path.dirname(finalPath), `.${path.basename(finalPath).slice(0, 64)}${suffix}`);
}
