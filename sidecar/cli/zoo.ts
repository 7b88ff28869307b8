// `rpg zoo RECIPE --out DIR`.
import { prepareZooDefaults } from '../../protocol/zoo';
import { prepareZoo } from '../app/zoo/prepareZoo';
import { zooRecipes } from '../zoo/recipes/registry';
import type { CliCommand } from './cliCommand';
import { wholeNumber } from './deviceOptions';
import { formatCount, formatDuration, shortPercent } from '../../shared/words';

interface Options {
  out: string;
  runs: number;
  perRun: number;
  seed: number;
  data?: string;
  epochs?: number;
  json?: boolean;
}

export const zooCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('zoo')
      .description('train a zoo of small real networks on real images, without Python')
      .argument('<recipe>', zooRecipes.map(recipe => `${recipe.name}: ${recipe.title}`).join('; '))
      .requiredOption('--out <folder>', 'folder to make, with checkpoint/, generated/ and test.py')
      .option('--runs <n>', 'independent trainings', wholeNumber, prepareZooDefaults.runs)
      .option(
        '--per-run <n>',
        'checkpoints of each, spread over one more epoch',
        wholeNumber,
        prepareZooDefaults.perRun,
      )
      .option('--seed <n>', 'of the first training; the others follow by one', wholeNumber, prepareZooDefaults.seed)
      .option('--data <folder>', 'full image files (train-images-idx3-ubyte.gz, …) instead of the packaged part')
      .option('--epochs <n>', 'epochs until convergence', wholeNumber)
      .option('--json', 'print JSON')
      .action(async (recipe: string, options: Options) => {
        const { json, data, epochs, ...rest } = options;
        const result = await cli.run(
          prepareZoo,
          { recipe, ...rest, data: data ?? null, epochs: epochs ?? null },
          { title: 'Training', json },
        );
        if (json) {
          cli.printJson(result);
          return;
        }
        const { best, mean, min } = result.accuracy;
        cli.print(
          `${formatCount(result.checkpoints.length)} networks in ${result.folder}, trained in ${formatDuration(result.elapsedMs)}`,
        );
        cli.print(`Test accuracy: best ${shortPercent(best)}, mean ${shortPercent(mean)}, min ${shortPercent(min)}`);
      });
  },
};
