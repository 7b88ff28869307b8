// Baseline: an original plus Gaussian noise on its normalised weights, denormalised as generated weights are.
import { denormalise, normalise } from '../../tokenizer/structure';
import { choiceRandom, tensorRandom, type Baseline } from './baseline';

/** `amplitude` in standard deviations of each tensor. */
export function noiseBaseline(amplitude: number): Baseline {
  const name = `noise ${amplitude}`;
  return {
    name,
    title: `an original with noise of ${amplitude} on its normalised weights`,
    minOriginals: 1,
    make({ structure, originals, seed }, which) {
      // The first networks take one original each, so that a small set is spread over the zoo.
      const order = choiceRandom(name, seed, Math.floor(which / originals.length)).permutation(originals.length);
      const original = originals[order[which % originals.length]!]!;
      return {
        name: `${name} #${which + 1}`,
        read(index) {
          const parameter = structure.parameters[index]!;
          const values = original.read(index);
          if (parameter.kind === 'fixed') return values;
          const noisy = new Float32Array(values.length);
          normalise(parameter, values, noisy);
          const random = tensorRandom(name, seed, which, index);
          for (let i = 0; i < noisy.length; i++) noisy[i]! += amplitude * random.normal();
          const result = new Float32Array(values.length);
          denormalise(parameter, noisy, result);
          return result;
        },
      };
    },
  };
}
