// Baselines: the average of a few randomly chosen originals (of two it is a midpoint), and the average of them all.
import type { WeightSource } from '../weightSource';
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
      return averageOf(`${name} #${which + 1}`, chosen);
    },
  };
}

/** The one network that is the average of all originals: of one run's checkpoints the strongest of the simple ones. */
export const averageOfAll: Baseline = {
  name: 'average of all',
  title: 'the average of all originals',
  minOriginals: 2,
  distinct: 1,
  make: ({ originals }) => averageOf('average of all', originals),
};

/** *Memory* one tensor, twice. */
const averageOf = (name: string, networks: readonly WeightSource[]): WeightSource => ({
  name,
  read(index) {
    const sum = new Float64Array(networks[0]!.read(index).length);
    for (const network of networks) {
      const values = network.read(index);
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
    }
    return Float32Array.from(sum, total => total / networks.length);
  },
});
