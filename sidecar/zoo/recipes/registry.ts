// Every zoo recipe there is. A new one is a file and a line here.
import type { NamedArrays } from '../../util/namedArrays';
import { userError } from '../../util/rpgError';
import { isStateDictOf } from '../networkSpec';
import { fashionCnnSmall } from './fashionCnnSmall';
import { fashionMlp } from './fashionMlp';
import type { ZooRecipe } from './recipe';

export const zooRecipes: readonly ZooRecipe[] = [fashionCnnSmall, fashionMlp];

/** The recipe of a name. *Errors* user: there is none, listing those there are. */
export function findRecipe(name: string): ZooRecipe {
  const recipe = zooRecipes.find(candidate => candidate.name === name);
  if (recipe !== undefined) return recipe;
  const known = zooRecipes.map(candidate => candidate.name).join(', ');
  throw userError('unknown-recipe', `there is no zoo recipe "${name}"; choose one of ${known}`, { name });
}

/** The recipe whose network has exactly this state dict's names and shapes, or null: such checkpoints have a built-in test. */
export function recipeOfState(state: NamedArrays): ZooRecipe | null {
  return zooRecipes.find(recipe => isStateDictOf(recipe.network, state)) ?? null;
}
