// The one error class. Folders declare named factories (`structureMismatch(path, name, found, expected)`) on top of the
// three below; nobody throws a bare string or branches on a message.
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Blame, Remedy } from '../../protocol/errors';

/**
 * A failure that says what happened, the value seen, and what to do. Editors show it as well as terminals: where they have
 * different ways, the message ends before what to do, and `remedies` tell it.
 */
export class RpgError extends Error {
  override readonly name = 'RpgError';
  readonly remedies: readonly Remedy[];

  constructor(
    readonly code: string,
    readonly blame: Blame,
    message: string,
    readonly details: Record<string, unknown> = {},
    { remedies = [], ...options }: ErrorOptions & { remedies?: readonly Remedy[] } = {},
  ) {
    super(message, options);
    this.remedies = remedies;
  }
}

/** Something the person can change: a file, a value, a setting. */
export function userError(code: string, message: string, details?: Record<string, unknown>, cause?: unknown): RpgError {
  return new RpgError(code, 'user', message, details, cause === undefined ? undefined : { cause });
}

/** A `userError` whose ways out differ between the terminal and the editor. */
export function mendableError(
  code: string,
  message: string,
  remedies: readonly Remedy[],
  details?: Record<string, unknown>,
): RpgError {
  return new RpgError(code, 'user', message, details, { remedies });
}

/** Our mistake: an invariant did not hold. */
export function internalError(code: string, message: string, details?: Record<string, unknown>): RpgError {
  return new RpgError(code, 'internal', message, details);
}

/** The person stopped the work. */
export function cancelledError(what: string): RpgError {
  return new RpgError('cancelled', 'cancelled', `${what} was cancelled`);
}

/** Throws `cancelled` when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw cancelledError(what);
}

/** A file system failure (`ENOENT`, `EACCES`, `ENOSPC`, …) in the person's words. */
export function fileError(path: string, doing: string, error: unknown): RpgError {
  if (error instanceof RpgError) return error;
  const code = codeOf(path, error as NodeJS.ErrnoException | undefined);
  const remedy = remedies[code] ?? 'check that the file is there and readable';
  return userError('file-system', `${path}: could not ${doing} (${code}); ${remedy}`, { path, errno: code }, error);
}

/** Making nested folders on a read-only file system fails as if they were missing (Node), so the first that exists is asked. */
function codeOf(path: string, error: NodeJS.ErrnoException | undefined): string {
  if (error?.code !== 'ENOENT' || error.syscall !== 'mkdir') return error?.code ?? 'unknown';
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return error.code;
  } catch (reason) {
    return (reason as NodeJS.ErrnoException).code ?? error.code;
  }
}

const remedies: Record<string, string | undefined> = {
  ENOENT: 'it does not exist, or vanished meanwhile; check the path',
  EACCES: 'permission denied; change its permissions or run as its owner',
  EPERM: 'not permitted; change its permissions or run as its owner',
  EISDIR: 'it is a folder; name a file',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'your quota of the disk is used up; free some space and try again',
  EFBIG: 'it is larger than a file may be here; raise the limit (ulimit -f), or choose another disk',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  EROFS: 'the file system is read-only; choose another folder',
  EMFILE: 'too many open files; raise the limit (ulimit -n)',
  EEXIST: 'it exists already; choose another name or remove it',
};
