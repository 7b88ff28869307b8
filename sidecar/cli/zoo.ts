// `rpg zoo RECIPE --out DIR`.
import { formatCount, formatDuration, shortPercent } from '../../shared/words';
import { zooRecipes } from '../zoo/recipes/registry';
import type { CliCommand } from './cliCommand';

export const zooCommand: CliCommand<'prepareZoo'> = {
  help: { recipe: zooRecipes.map(recipe => `${recipe.name}: ${recipe.title}`).join('; ') },
  print: ({ accuracy, checkpoints, folder, elapsedMs }, cli) => {
    const { best, mean, min } = accuracy;
    cli.print(`${formatCount(checkpoints.length)} networks in ${folder}, trained in ${formatDuration(elapsedMs)}`);
    cli.print(`Test accuracy: best ${shortPercent(best)}, mean ${shortPercent(mean)}, min ${shortPercent(min)}`);
  },
};
