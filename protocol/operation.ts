// What one operation is: its method name, which also carries the types of its parameters, result and progress, so that neither
// side can name a message the other does not know; and, for what a person can ask for, its words. The RPC binding, the `rpg`
// subcommand, the editor's command and its entries in package.json are made from these. Data, no code, but for `report`.
import type { EditorWords } from './editor';
import type { Report } from './report';

/** One operation the sidecar offers. */
export interface Operation<Params, Result, Progress = never> {
  readonly method: string;
  /** Never set: it only lets the compiler remember the types. */
  readonly types?: (params: Params, progress: Progress) => Result;
}

/** Declares an operation by its method name. */
export const operation = <Params, Result, Progress = never>(method: string): Operation<Params, Result, Progress> => ({
  method,
});

/** One parameter as the command line asks for it. */
export interface ParameterWords {
  /**
   * `text`. `whole`: a number of zero or more. `real`. `flag`: true when it is given. `unless`: false when it is given, with a
   * name that begins with `no-`. `choice`: one of `choices`. `wholes`: whole numbers with commas. `texts`: may be given again.
   */
  readonly kind: 'text' | 'whole' | 'real' | 'flag' | 'unless' | 'choice' | 'wholes' | 'texts';
  /** An argument has no name of its own and comes in the order of this table; it is needed unless `optionalArgument`. */
  readonly at?: 'argument' | 'optionalArgument';
  /** Of the option, or what stands for the argument; the parameter's own in kebab-case by default. */
  readonly name?: string;
  /** What stands for the value. */
  readonly placeholder?: string;
  readonly help?: string;
  readonly isRequired?: boolean;
  /** Null: nothing is said of it, and null is what the operation gets. */
  readonly default?: number | string | null;
  readonly choices?: readonly string[];
  /** Words that a `whole` may be instead. */
  readonly orWords?: readonly string[];
  /** The least that a `whole` may be, and what is said of less. */
  readonly least?: { readonly value: number; readonly otherwise: string };
  /** What a `flag` means instead of true. */
  readonly means?: number;
}

/** What the front doors show of an operation. */
export interface Words<Params, Result> {
  /** Above the progress bar: `Measuring`. */
  readonly activity: string;
  /** The parameters a person gives in a terminal, in the order of its help. */
  readonly params?: { readonly [Name in keyof Params]?: ParameterWords };
  readonly cli?: CliWords;
  readonly editor?: EditorWords;
  /** The result as a document that needs no code of a front door's own. */
  readonly report?: (result: Result) => Report;
}

interface CliWords {
  /** `rpg NAME`. */
  readonly name: string;
  readonly description: string;
  /** It takes the engine and device as well. */
  readonly choosesDevice?: boolean;
  /** Of the option that prints for programs; `print JSON` by default. */
  readonly json?: { readonly help?: string; readonly isFirst?: boolean };
}

/** An operation with its words; `W` keeps which parts there are, so that the compiler knows what a front door has to add. */
export const described = <Params, Result, Progress, const W extends Words<Params, Result>>(
  declared: Operation<Params, Result, Progress>,
  words: W,
): Operation<Params, Result, Progress> & W => ({ ...declared, ...words });

/** What travels: the caller's parameters and, when it listens, the token its progress is sent under. */
export interface Envelope<Params> {
  readonly params: Params;
  readonly progressToken?: string;
}

/** How far a long operation has come. `fraction` in [0, 1], or null where the end is unknown. */
export interface Progress {
  fraction: number | null;
  message: string;
}
