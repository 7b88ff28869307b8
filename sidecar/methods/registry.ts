// Every method, one line each; the first is what runs and configurations are of that say nothing.
import { userError } from '../util/rpgError';
import type { Method } from './method';
import { recurrentDiffusion } from './rpg/recurrentDiffusion';

export const methods: readonly Method[] = [recurrentDiffusion];

/** The method of a run, by its record. *Errors* `method-unknown`: a newer version has it. */
export function methodOf({ method: wanted }: { readonly method?: string }): Method {
  const found = findMethod(wanted);
  if (found) return found;
  throw userError(
    'method-unknown',
    `there is no method '${wanted}' here; there are: ${methodIds()}. Update this program`,
    { method: wanted },
  );
}

/** By its id; the first where none is given. */
export function findMethod(id: string | undefined): Method | undefined {
  return id === undefined ? methods[0] : methods.find(method => method.id === id);
}

/** How records name it: not at all where it is the first, as before there was a choice. */
export function recordedMethod({ id }: Method): { method?: string } {
  return id === methods[0]!.id ? {} : { method: id };
}

/** For messages. */
export const methodIds = (): string => methods.map(({ id }) => id).join(', ');
