// Every method, one line each; the first is what runs are of that say nothing.
import { userError } from '../util/rpgError';
import type { Method } from './method';
import { recurrentDiffusion } from './rpg/recurrentDiffusion';

export const methods: readonly Method[] = [recurrentDiffusion];

/** The method of a run, by its record. *Errors* `method-unknown`: a newer version has it. */
export function methodOf({ method: wanted }: { readonly method?: string }): Method {
  const found = wanted === undefined ? methods[0] : methods.find(({ id }) => id === wanted);
  if (found) return found;
  const known = methods.map(({ id }) => id).join(', ');
  throw userError('method-unknown', `there is no method '${wanted}' here; there are: ${known}. Update this program`, {
    method: wanted,
  });
}
