// Finds the state dicts inside whatever was saved: the value itself, `{"model": …, "optimizer": …}`, `state_dict`, lists.
// The value comes from a file, so it may be nested without end or refer to itself: the walk is iterative, visits every
// container once and is bounded.
import { unsupportedContent } from './errors';
import { PyOrderedDict, PyTuple } from './pickleValues';
import type { ModuleVersions, TensorDictionary } from './tensor';
import { tensorBytes } from './tensor';
import { TorchTensor } from './torchTensors';

const maxContainers = 200_000;

/** Names under which people keep optimizers and schedulers: their tensors are not the network. */
const notTheNetwork = /(^|\.)(optim|optimizer|optimizers|lr_scheduler|scheduler|scaler|rng|grad)/i;

/**
 * Every dictionary that directly holds tensors, the likeliest network first (largest, optimizers last), and notes on what
 * else the file holds. *Errors* `unsupported-content` where there is no tensor.
 */
export function findDictionaries(path: string, value: unknown): { dictionaries: TensorDictionary[]; notes: string[] } {
  if (value instanceof TorchTensor)
    return { dictionaries: [{ key: '', tensors: [value.named('tensor')], moduleVersions: null }], notes: [] };
  const found: TensorDictionary[] = [];
  const plainKeys: string[] = [];
  const visited = new Set<unknown>();
  const queue: Place[] = [{ key: '', nesting: [], container: value }];
  while (queue.length > 0 && visited.size < maxContainers) {
    const place = queue.shift()!;
    const { key, nesting, container } = place;
    if (visited.has(container)) continue;
    visited.add(container);
    const tensors = [];
    for (const [name, item] of entriesOf(container)) {
      if (item instanceof TorchTensor) tensors.push(item.named(String(name)));
      else if (isContainer(item)) queue.push(placeInside(place, name, item));
      else if (key === '') plainKeys.push(String(name));
    }
    if (tensors.length > 0)
      found.push({ key, nesting: nesting ?? undefined, tensors, moduleVersions: moduleVersionsOf(container) });
  }
  if (found.length === 0) {
    throw unsupportedContent(path, 'it holds no tensors', 'save a state dict: torch.save(model.state_dict(), path)');
  }
  const notes =
    plainKeys.length > 0 ? [`also holds values that are not tensors: ${plainKeys.slice(0, 12).join(', ')}`] : [];
  return { dictionaries: found.sort((a, b) => rank(a) - rank(b) || sizeOf(b) - sizeOf(a)), notes };
}

/** A container on the walk; `nesting` is null below a list. */
interface Place {
  readonly key: string;
  readonly nesting: readonly string[] | null;
  readonly container: unknown;
}

function placeInside({ key, nesting, container }: Place, name: string | number, item: unknown): Place {
  return {
    key: key ? `${key}.${name}` : String(name),
    nesting: nesting && typeof name === 'string' && container instanceof Map ? [...nesting, name] : null,
    container: item,
  };
}

/** By its name; an optimizer's tensors are as many as the network's. */
export const mayBeNetwork = ({ key }: Pick<TensorDictionary, 'key'>): boolean => !notTheNetwork.test(key);

const rank = (dictionary: TensorDictionary): number => (mayBeNetwork(dictionary) ? 0 : 1);
const sizeOf = (dictionary: TensorDictionary): number =>
  dictionary.tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
const isContainer = (value: unknown): boolean =>
  value instanceof Map || Array.isArray(value) || value instanceof PyTuple;

function* entriesOf(container: unknown): Generator<[string | number, unknown]> {
  if (container instanceof Map) {
    for (const [key, item] of container as Map<unknown, unknown>) {
      if (typeof key === 'string' || typeof key === 'number') yield [key, item];
    }
  } else if (container instanceof PyTuple) yield* container.items.entries();
  else if (Array.isArray(container)) yield* (container as unknown[]).entries();
}

/** Only the shape torch itself writes is kept; anything else is dropped rather than carried into a new file. */
function moduleVersionsOf(container: unknown): ModuleVersions | null {
  const metadata = container instanceof PyOrderedDict ? container.attributes?.get('_metadata') : undefined;
  if (!(metadata instanceof Map)) return null;
  const versions = new Map<string, Map<string, number | boolean>>();
  for (const [module, entry] of metadata as Map<unknown, unknown>) {
    if (typeof module !== 'string' || !(entry instanceof Map)) return null;
    const kept = new Map<string, number | boolean>();
    for (const [name, value] of entry as Map<unknown, unknown>) {
      if (
        typeof name === 'string' &&
        ((typeof value === 'number' && Number.isSafeInteger(value)) || typeof value === 'boolean')
      )
        kept.set(name, value);
    }
    versions.set(module, kept);
  }
  return versions;
}
