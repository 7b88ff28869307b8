// Long loops must let the event loop turn, or a cancellation never arrives.

/** Resolves after pending I/O and messages were handled (a macrotask; a microtask would not do). */
export function yieldPoint(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** A function to call in a loop: it yields when `everyMs` have passed since it last did, and is free otherwise. */
export function createYielder(everyMs = 50): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < everyMs) return undefined;
    return yieldPoint().then(() => {
      last = performance.now();
    });
  };
}
