// A barrier for worker threads: everyone waits until all have arrived. It also makes what each wrote to shared memory
// before it visible to the others after it (Atomics order the accesses around them).

/** The shared words of a barrier: how many have arrived, and how often it has opened. */
export const barrierBytes = 8;

/** Returns a function to call at each meeting point. With one member it never waits. Blocks the calling thread. */
export function joinBarrier(shared: SharedArrayBuffer, members: number): () => void {
  const words = new Int32Array(shared, 0, 2);
  return () => {
    if (members === 1) return;
    const opening = Atomics.load(words, 1);
    if (Atomics.add(words, 0, 1) === members - 1) {
      Atomics.store(words, 0, 0);
      Atomics.add(words, 1, 1);
      Atomics.notify(words, 1);
      return;
    }
    while (Atomics.load(words, 1) === opening) Atomics.wait(words, 1, opening);
  };
}
