// What can go wrong between the editor and the sidecar. Errors of operations keep the code and blame they were thrown with.
import { ResponseError } from 'vscode-jsonrpc/node';
import type { Blame, ErrorData, Remedy } from '../protocol/errors';

export class SidecarError extends Error {
  override readonly name = 'SidecarError';

  constructor(
    readonly code: string,
    readonly blame: Blame,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly remedies: readonly Remedy[] = [],
  ) {
    super(message);
  }
}

/** Whatever a request was rejected with, as one of ours. */
export function toSidecarError(error: unknown): SidecarError {
  if (error instanceof SidecarError) return error;
  if (error instanceof ResponseError && isErrorData(error.data)) {
    const { code, blame, details, remedies } = error.data;
    return new SidecarError(code, blame, error.message, details, remedies);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new SidecarError('internal', 'internal', message, { stack: error instanceof Error ? error.stack : undefined });
}

function isErrorData(data: unknown): data is ErrorData {
  const given = data as Partial<ErrorData> | null | undefined;
  return typeof given?.code === 'string' && ['user', 'internal', 'cancelled'].includes(String(given.blame));
}

export function sidecarGone(exit: string): SidecarError {
  return new SidecarError(
    'sidecar-gone',
    'internal',
    `the sidecar ended in the middle of this (${exit}); what was saved is safe, and it is started again`,
    { exit },
  );
}

export function sidecarCannotStart(executable: string, why: string): SidecarError {
  return new SidecarError(
    'sidecar-cannot-start',
    'user',
    `the sidecar does not start with ${executable} (${why}); check the setting rpg.nodePath, which needs Node 20.15 or later`,
  );
}

export function sidecarVersion(theirs: number, ours: number): SidecarError {
  return new SidecarError(
    'protocol-mismatch',
    'user',
    `the sidecar speaks version ${theirs} of the protocol and this extension version ${ours}; reload the window, or install the extension again`,
  );
}

export function sidecarCrashes(count: number): SidecarError {
  return new SidecarError(
    'sidecar-crashes',
    'internal',
    `the sidecar crashed ${count} times in a row and is not started again by itself; the log says why`,
  );
}

export const isCancelled = (error: unknown): boolean => error instanceof SidecarError && error.blame === 'cancelled';
