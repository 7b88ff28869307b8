// What a file of this folder may add to an operation's own words, and what it may use of the terminal and the process. A
// command parses words, calls an operation and prints; it decides nothing else.
import type { OperationName, ParamsOf, ResultOf } from '../../protocol/operations';
import type { Progress } from '../../protocol/operation';
import type { OperationContext, OperationFunction } from '../app/context';

/** What the terminal has beyond the descriptor of an operation. */
export interface CliCommand<Name extends OperationName> {
  /** Shows a result to a person; the descriptor's `report` by default. */
  readonly print?: (result: ResultOf<Name>, cli: Cli) => void;
  /** Said instead of a report without a row: it may name commands. */
  readonly whenEmpty?: string;
  /** Words that name other commands and options, or what only a registry knows; they replace those of the descriptor. */
  readonly description?: string;
  readonly help?: { readonly [Param in keyof ParamsOf<Name>]?: string };
  /** An option that the operation does not know: `run` sees to it. Without `before` it is the last. */
  readonly extraFlag?: { readonly name: string; readonly help: string; readonly before?: keyof ParamsOf<Name> };
  /** Replaces calling the operation and printing its result. `isExtra`: the extra flag is given. */
  readonly run?: (
    params: ParamsOf<Name>,
    given: { readonly cli: Cli; readonly json: boolean; readonly isExtra: boolean },
  ) => Promise<void>;
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
