// Work that is wanted again and again, such as reading everything anew.

export interface Joined {
  /** Does the work; while it is being done, further wishes are joined into doing it once more. Resolves when nobody wishes any more. */
  ask(): Promise<void>;
  /** Of the work that is being done, or null. */
  readonly current: Promise<void> | null;
}

/** `work` must not reject. */
export function joined(work: () => Promise<void>): Joined {
  let current: Promise<void> | null = null;
  let isAskedAgain = false;
  const untilQuiet = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      await work();
    } while (isAskedAgain as boolean); // set by `ask` meanwhile, which the compiler cannot see
  };
  return {
    ask() {
      if (current) isAskedAgain = true;
      else current = untilQuiet().finally(() => (current = null));
      return current;
    },
    get current() {
      return current;
    },
  };
}
