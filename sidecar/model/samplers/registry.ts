// Every sampler, one line each, and the two questions asked of them all: with which options, and what is its plan.
import { userError, type RpgError } from '../../util/rpgError';
import type { Sampler, SamplerName, SamplerOptions, SamplerPlan } from '../sampler';
import type { Schedule } from '../schedule';
import { ddim } from './ddim';
import { ddpm } from './ddpm';

/** The protocol's samplers and these must be the same: either without the other does not compile. */
const byName = { ddpm, ddim } satisfies { [Name in SamplerName]: Sampler & { name: Name } };

export const samplers: readonly Sampler[] = Object.values(byName);

/** Where nobody chooses: what the model was trained for. */
export const defaultSampler: SamplerName = 'ddpm';

/** The plan of a sampler. *Errors* user: options that the schedule does not allow. */
export function planSampler(name: SamplerName, schedule: Schedule, options: SamplerOptions): SamplerPlan {
  return byName[name].plan(schedule, options);
}

/** Options for a schedule of T steps, completed. *Errors* user: no such sampler; one is given that it would pay no heed to. */
export function samplerOptions(name: SamplerName, given: Partial<SamplerOptions>, T: number): SamplerOptions {
  if (!Object.hasOwn(byName, name)) throw unknownSampler(name);
  const sampler: Sampler = byName[name];
  const unused = (['steps', 'spacing', 'eta'] as const).find(
    option => given[option] !== undefined && !sampler.options.includes(option),
  );
  if (unused !== undefined) throw unusedOption(sampler, unused, T);
  const { steps, spacing, eta } = given;
  return sampler.complete({ steps, spacing, eta }, T);
}

function unknownSampler(name: string): RpgError {
  const known = samplers.map(sampler => sampler.name).join(' and ');
  return userError('bad-request', `there is no sampler ${name}; there are ${known}`, { name });
}

function unusedOption({ name, defaultSteps }: Sampler, option: keyof SamplerOptions, T: number): RpgError {
  const able = samplers.filter(({ options }) => options.includes(option)).map(sampler => sampler.name);
  const others = able.map(other => other.toUpperCase()).join(', ');
  const why = defaultSteps === null ? `always takes all ${T} steps` : `pays no heed to it`;
  return userError(
    'bad-request',
    `${option} is for ${others}, and ${name.toUpperCase()} ${why}; choose the sampler ${able.join(' or ')}, or leave out ${option}`,
    { name: option },
  );
}
