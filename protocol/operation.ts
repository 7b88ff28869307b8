// A method name that also carries its parameter, result and progress types, so that neither side can name a message
// the other does not know.

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
