// Between the inventory's names, each stored once, and a published state dict, where the denoiser appears three times
// (sharing storage) beside the schedule buffers. Pure: files are the checkpoint folder's business.
import { userError, type RpgError } from '../util/rpgError';
import type { ModelSpec } from './modelSpec';
import { elementCount, type NamedArrays } from '../util/namedArrays';
import { initialWeights } from './initialValues';
import { parameterInventory } from './parameterInventory';
import { createSchedule, ddpmCoefficients } from './schedule';

/** One entry of a saved state dict, in file order. */
export interface PublishedEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int64';
  /** `inventory`: the tensor of that inventory name, shared by all entries that name it. `schedule`: these values. */
  readonly source: { kind: 'inventory'; name: string } | { kind: 'schedule'; data: Float32Array };
}

const net = 'criteria.net.';

/** Exactly the names of a published file, in its order. */
export function publishedEntries(spec: ModelSpec): readonly PublishedEntry[] {
  const inventory = parameterInventory(spec).map(({ name, shape }): PublishedEntry => ({
    name,
    shape,
    dtype: name.endsWith('num_batches_tracked') ? 'int64' : 'float32',
    source: { kind: 'inventory', name },
  }));
  if (!spec.denoiser) return inventory;
  const shared = inventory
    .filter(({ name }) => name.startsWith(net))
    .flatMap(entry =>
      ['criteria.diffusion_trainer.model.', 'criteria.diffusion_sampler.model.'].map(prefix => ({
        ...entry,
        name: prefix + entry.name.slice(net.length),
      })),
    );
  return [...inventory, ...scheduleEntries(spec), ...shared];
}

/**
 * The inventory's part of a loaded state dict; shared and schedule entries are dropped, constants that older files lack
 * (frequencies, gate) are filled in. `file` is only used in messages.
 * *Errors* user: missing names, other shapes, names this model does not have, each with the first few examples.
 */
export function fromPublished(arrays: NamedArrays, spec: ModelSpec, file = 'the file'): NamedArrays {
  const known = new Set(publishedEntries(spec).map(entry => entry.name));
  const unknown = [...arrays.keys()].filter(name => !known.has(name));
  if (unknown.length > 0) throw otherModel(file, 'has entries this model does not have:', unknown);
  const weights: NamedArrays = new Map();
  const missing: string[] = [];
  const constants = initialWeights(spec, 0, null);
  for (const { name, shape, initial } of parameterInventory(spec)) {
    const given =
      arrays.get(name) ??
      (initial.kind === 'timeFrequencies' || initial.kind === 'taskGate' ? constants.get(name) : undefined);
    if (!given) missing.push(name);
    else if (given.data.length !== elementCount(shape) || given.shape.join() !== shape.join()) {
      throw otherModel(
        file,
        `has another shape, [${given.shape.join(', ')}] where the model has [${shape.join(', ')}], for`,
        [name],
      );
    } else weights.set(name, given);
  }
  if (missing.length > 0) throw otherModel(file, 'lacks', missing);
  return weights;
}

function scheduleEntries(spec: ModelSpec): PublishedEntry[] {
  const schedule = createSchedule(spec.diffusion);
  const { coeff1, coeff2, posteriorVariance } = ddpmCoefficients(schedule);
  const entry = (name: string, values: Float64Array): PublishedEntry => ({
    name: `criteria.${name}`,
    shape: [schedule.T],
    dtype: 'float32',
    source: { kind: 'schedule', data: Float32Array.from(values) },
  });
  return [
    entry('diffusion_trainer.beta_t', schedule.beta),
    entry('diffusion_trainer.signal_rate', schedule.signalRate),
    entry('diffusion_trainer.noise_rate', schedule.noiseRate),
    entry('diffusion_sampler.beta_t', schedule.beta),
    entry('diffusion_sampler.coeff_1', coeff1),
    entry('diffusion_sampler.coeff_2', coeff2),
    entry('diffusion_sampler.posterior_variance', posteriorVariance),
  ];
}

function otherModel(file: string, what: string, names: readonly string[]): RpgError {
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? `, and ${names.length - 5} more` : '');
  return userError(
    'weights-of-another-model',
    `${file} does not hold weights of this model: it ${what} ${shown}; check the run configuration they were trained with`,
    { file, names: names.slice(0, 100) },
  );
}
