// How a failure crosses the process boundary, and who can do something about it.

/** `user`: something the person can change. `internal`: our mistake. `cancelled`: the person asked for it. */
export type Blame = 'user' | 'internal' | 'cancelled';

/** The `data` of a JSON-RPC error response. */
export interface ErrorData {
  /** Stable, kebab-case, for programs: `structure-mismatch`. */
  code: string;
  blame: Blame;
  /** The facts the message was made of: file, value, limits. */
  details?: Record<string, unknown>;
}

/** JSON-RPC error code of every application error; `ErrorData.code` says which. */
export const applicationErrorCode = 1;

/** Exit codes of the command line. */
export const exitCodes = { user: 2, internal: 1, cancelled: 130 } as const satisfies Record<Blame, number>;
