// Refusals of weights and optimizer state that do not belong to the open model.
import { elementCount, type NamedArrays } from '../../util/namedArrays';
import type { ParameterEntry } from '../../model/parameterEntry';
import { userError } from '../../util/rpgError';

/** *Errors* user: an entry of the inventory that is missing or has another size, or a name that is not in it. */
export function checkWeights(inventory: readonly ParameterEntry[], weights: NamedArrays): void {
  check('weights', new Map(inventory.map(entry => [entry.name, entry])), weights);
}

/** *Errors* user: the same for `exp_avg.*` and `exp_avg_sq.*`. */
export function checkOptimizerState(trained: readonly ParameterEntry[], state: NamedArrays): void {
  const expected = trained.flatMap(entry =>
    ['exp_avg', 'exp_avg_sq'].map(key => [`${key}.${entry.name}`, entry] as const),
  );
  check('optimizer state', new Map(expected), state);
}

function check(what: string, expected: ReadonlyMap<string, ParameterEntry>, given: NamedArrays): void {
  for (const [name, { shape }] of expected) {
    const found = given.get(name);
    if (found?.data.length !== elementCount(shape)) {
      throw userError(
        'state-mismatch',
        `the ${what} does not belong to this model: ${name} needs shape [${shape.join(', ')}] and ` +
          `${found ? `has [${found.shape.join(', ')}]` : 'is missing'}; use the files of a run with the same configuration`,
        { name, expected: shape, found: found?.shape ?? null },
      );
    }
  }
  const extra = [...given.keys()].find(name => !expected.has(name));
  if (extra !== undefined) {
    throw userError('state-mismatch', `the ${what} has an entry this model does not: ${extra}`, { name: extra });
  }
}
