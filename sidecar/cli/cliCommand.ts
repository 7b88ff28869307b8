// The frame of a command: one file exports a CliCommand, registry.ts lists it. A command parses words, calls an operation and
// prints; it decides nothing else.
import type { Command } from 'commander';
import type { Progress } from '../../protocol/operation';
import type { OperationContext, OperationFunction } from '../app/context';

export interface CliCommand {
  /** Adds itself to the program. */
  readonly add: (program: Command, cli: Cli) => void;
}

/** What a command may use of the terminal and the process. */
export interface Cli {
  /** The folder that holds `.rpg/`: `--workspace`, or the nearest one upwards, or the current folder. */
  readonly workspace: () => string;
  /** Ends when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** Runs an operation with a progress bar (on a terminal, and not with `json`). */
  readonly run: <Params, Result>(
    operation: OperationFunction<Params, Result>,
    params: Params,
    options: { title: string; json?: boolean },
  ) => Promise<Result>;
  /** The same context without a bar, for commands that show progress their own way. */
  readonly context: <P = Progress>(report: (progress: P) => void) => OperationContext<P>;
  /** A line on standard output. */
  readonly print: (line?: string) => void;
  /** A value for programs on standard output. */
  readonly printJson: (value: unknown) => void;
  /** A line on standard error. */
  readonly note: (line: string) => void;
  /** Makes the process exit with this code at the end, although nothing threw. */
  readonly setExitCode: (code: number) => void;
}
