// Seeded randomness for the host side: data order, initial weights, baselines, which pairs are drawn. The same seed gives the
// same numbers on every machine. Not for cryptography; engines draw their noise from Philox instead.
// Source: sfc32 (Doty-Humphrey, PractRand), seeded through splitmix32 so that neighbouring seeds are unrelated.

/** A stream of random numbers. Passed as a parameter; never global. */
export interface Random {
  /** In [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** An integer in [0, end). */
  integer(end: number): number;
  /** Numbers 0 … n-1 in random order. */
  permutation(n: number): Uint32Array;
}

/** A stream for a seed and, optionally, a purpose or index: streams of one seed do not overlap in practice. */
export function seededRandom(seed: number, stream = 0): Random {
  const next = sfc32(splitmix32(seed), splitmix32(seed ^ 0x5bf03635), splitmix32(stream), 1);
  for (let i = 0; i < 12; i++) next(); // the first outputs still show the seed
  let spare: number | null = null;

  const uniform = (): number => next() / 2 ** 32;
  const integer = (end: number): number => Math.floor(uniform() * end);
  return {
    uniform,
    integer,
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      // Box–Muller; 1 - u is never 0, so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    permutation(n) {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        const kept = order[i]!;
        order[i] = order[j]!;
        order[j] = kept;
      }
      return order;
    },
  };
}

function splitmix32(seed: number): number {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function sfc32(a: number, b: number, c: number, counter: number): () => number {
  return () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + result) | 0;
    return result >>> 0;
  };
}
