// How a failure crosses the process boundary, and who can do something about it.

/** `user`: something the person can change. `internal`: our mistake. `cancelled`: the person asked for it. */
export type Blame = 'user' | 'internal' | 'cancelled';

/**
 * One way out of an error. Words where they hold everywhere; where the terminal and the editor have different ways, what is
 * to be done, which each front door says in its own words (`sidecar/cli/remedyText.ts`, `src/text/remedyText.ts`).
 */
export type Remedy =
  | string
  /** Try the same once more, despite what is in the way. */
  | { readonly does: 'goOn'; readonly despite: 'memory' | 'changes' }
  /** Register a dataset again with what it had; `folder` null: the one it moved to. */
  | {
      readonly does: 'register';
      readonly folder: string | null;
      readonly name: string;
      readonly testCommand: string | null;
      readonly accuracyPattern: string | null;
      readonly key: string;
    }
  /** Replace what has the name already. */
  | { readonly does: 'replace'; readonly what: 'file' | 'dataset' }
  | { readonly does: 'train' }
  | { readonly does: 'stop'; readonly run: string }
  | { readonly does: 'resume'; readonly run: string }
  | { readonly does: 'resumeOn'; readonly run: string; readonly engine: string }
  /** Begin a new run with the weights of a run's newest snapshot. */
  | { readonly does: 'beginFrom'; readonly run: string }
  | { readonly does: 'generate'; readonly run: string; readonly isForTask: boolean }
  | { readonly does: 'evaluate'; readonly run: string }
  /** Say how a dataset's checkpoints are tested. */
  | { readonly does: 'setTest' }
  /** Evaluate without a test. */
  | { readonly does: 'compareWeightsOnly' };

/** A message with its ways out, as `say` puts them: `it is full; close something, or choose another device`. */
export function withRemedies(
  message: string,
  remedies: readonly Remedy[],
  say: (remedy: Exclude<Remedy, string>) => string,
): string {
  if (remedies.length === 0) return message;
  return `${message}; ${remedies.map(remedy => (typeof remedy === 'string' ? remedy : say(remedy))).join(', or ')}`;
}

/** The `data` of a JSON-RPC error response. */
export interface ErrorData {
  /** Stable, kebab-case, for programs: `structure-mismatch`. */
  code: string;
  blame: Blame;
  /** The facts the message was made of: file, value, limits. */
  details?: Record<string, unknown>;
  /** Absent where the message says itself what to do. */
  remedies?: readonly Remedy[];
}

/** JSON-RPC error code of every application error; `ErrorData.code` says which. */
export const applicationErrorCode = 1;

/** Exit codes of the command line. */
export const exitCodes = { user: 2, internal: 1, cancelled: 130 } as const satisfies Record<Blame, number>;
