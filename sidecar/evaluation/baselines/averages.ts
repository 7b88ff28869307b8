// Baseline: the average of a few randomly chosen originals. Of two it is a midpoint.
import { choiceRandom, type Baseline } from './baseline';

/** `count` different originals, chosen anew for each network. */
export function averageBaseline(count: number, name: string): Baseline {
  return {
    name,
    title: count === 2 ? 'the midpoint of a random pair of originals' : `the average of ${count} random originals`,
    minOriginals: count,
    make({ originals, seed }, which) {
      const order = choiceRandom(name, seed, which).permutation(originals.length);
      const chosen = [...order.subarray(0, count)].map(index => originals[index]!);
      return {
        name: `${name} #${which + 1}`,
        read(index) {
          const sum = new Float64Array(chosen[0]!.read(index).length);
          for (const original of chosen) {
            const values = original.read(index);
            for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
          }
          return Float32Array.from(sum, total => total / chosen.length);
        },
      };
    },
  };
}
