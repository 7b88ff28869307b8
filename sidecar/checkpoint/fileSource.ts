// A file read by position. Nothing is read before it is asked for, so a file of many gigabytes costs only its index.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { fileError } from '../util/rpgError';
import { damagedFile, notACheckpoint } from './errors';

/** An open file; owns its descriptor until `dispose`. */
export class FileSource {
  private readonly fd: number;
  readonly sizeBytes: number;
  private open = true;

  /** *Errors* `file-system`; `not-a-checkpoint` for pipes and devices, which could block for ever. */
  constructor(readonly path: string) {
    try {
      // Checked before opening: opening a named pipe waits for a writer.
      if (!statSync(path).isFile()) throw notACheckpoint(path, 'not a regular file');
      this.fd = openSync(path, 'r');
    } catch (error) {
      throw fileError(path, 'open', error);
    }
    this.sizeBytes = fstatSync(this.fd).size;
  }

  /**
   * Into `scratch` where it is large enough, else into new memory: fresh pages cost as much as the reading itself.
   * *Errors* `damaged-file` where the range is outside of the file or the file has shrunk meanwhile.
   */
  read(from: number, length: number, scratch?: Buffer): Buffer {
    if (from < 0 || length < 0 || from + length > this.sizeBytes) {
      throw damagedFile(this.path, `bytes ${from} to ${from + length} are asked for but it has ${this.sizeBytes}`);
    }
    const bytes = scratch && scratch.length >= length ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      let count: number;
      try {
        count = readSync(this.fd, bytes, done, Math.min(length - done, 1 << 30), from + done);
      } catch (error) {
        throw fileError(this.path, 'read', error);
      }
      if (count === 0) throw damagedFile(this.path, `it ended at byte ${from + done} while being read`);
      done += count;
    }
    return bytes;
  }

  dispose(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }
}
