// The built-in test: a zoo recipe's own network, in TypeScript, on its packaged test split, on all cores.
import type { Structure } from '../tokenizer/structure';
import type { LabelledImages } from '../zoo/imageData';
import { fromStateDict } from '../zoo/networkSpec';
import type { ZooRecipe } from '../zoo/recipes/recipe';
import type { TestPool } from '../zoo/zooThreads';
import type { Tester } from './tester';
import { stateOfSource } from './weightSource';

/** A tester over an open pool; the caller owns and closes the pool. */
export function builtInTester(recipe: ZooRecipe, structure: Structure, images: LabelledImages, pool: TestPool): Tester {
  return {
    kind: 'built-in',
    title: `test of ${recipe.name}`,
    concurrency: 2, // the next network is ready when the first leaves a thread idle
    async test({ source }, signal) {
      const weights = fromStateDict(recipe.network, stateOfSource(structure, source), recipe.name);
      const { accuracy, loss, predictions, probabilities } = await pool.test(weights, signal);
      // A network of NaN weights gives no class anything.
      const isSure = probabilities.every(value => Number.isFinite(value));
      return {
        accuracy,
        loss: Number.isFinite(loss) ? loss : null,
        predictions: {
          predicted: predictions,
          expected: images.labels,
          probabilities: isSure ? { classes: recipe.network.nClasses, values: probabilities } : null,
        },
      };
    },
  };
}
