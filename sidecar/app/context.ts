// What every use case is given besides its parameters. Operations are plain functions `(params, context) → result`; the
// JSON-RPC server and the command line are two thin front doors on them.
import type { Progress } from '../../protocol/operation';
import type { EngineDevice } from '../engine/engine';

/** The signal's reason when nobody asked for a stop: the editor went away. A run is then interrupted, not stopped. */
export const hostGone = 'host-gone';

export interface OperationContext<P = Progress> {
  /** Fires when the person cancels; honoured within 500 ms and a step. */
  readonly signal: AbortSignal;
  /** A live view only: the truth is what is written to disk. */
  readonly report: (progress: P) => void;
  /**
   * Does work that needs a device to itself, when its turn (`deviceTurn.ts`) has come; `onWait` is told what is waited for.
   * Not to be called from such work. *Errors* `cancelled` while waiting; those of the work.
   */
  readonly onDevice: OnDevice;
  /** The folder that holds `.rpg/`. */
  readonly workspace: string;
  /** The devices there are, best first; absent: those of this machine. */
  readonly devices?: readonly EngineDevice[];
  /** Executable and first arguments that start this program's command line again; absent where there is none. */
  readonly program?: readonly [string, ...string[]];
}

export type OnDevice = <T>(turn: string, work: () => Promise<T>, onWait: (message: string) => void) => Promise<T>;

/** Where nobody else is at work, or where work must not wait for others. */
export const atOnce: OnDevice = (_turn, work) => work();

/** An operation as a front door calls it. */
export type OperationFunction<Params, Result, P = Progress> = (
  params: Params,
  context: OperationContext<P>,
) => Promise<Result>;
