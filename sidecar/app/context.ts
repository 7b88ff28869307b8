// What every use case is given besides its parameters. Operations are plain functions `(params, context) → result`; the
// JSON-RPC server and the command line are two thin front doors on them.
import type { Progress } from '../../protocol/operation';

/** The signal's reason when nobody asked for a stop: the editor went away. A run is then interrupted, not stopped. */
export const hostGone = 'host-gone';

export interface OperationContext<P = Progress> {
  /** Fires when the person cancels; honoured within 500 ms and a step. */
  readonly signal: AbortSignal;
  /** A live view only: the truth is what is written to disk. */
  readonly report: (progress: P) => void;
  /** The folder that holds `.rpg/`. */
  readonly workspace: string;
  /** Executable and first arguments that start this program's command line again; absent where there is none. */
  readonly program?: readonly [string, ...string[]];
}

/** An operation as a front door calls it. */
export type OperationFunction<Params, Result, P = Progress> = (
  params: Params,
  context: OperationContext<P>,
) => Promise<Result>;
