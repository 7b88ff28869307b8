// DDIM: a few of the schedule's steps, with as little fresh noise as asked for.
// Source: Song et al., "Denoising diffusion implicit models", ICLR 2021.
import { isEta } from '../../../shared/rules';
import { mostDdimSteps, usualDdimSteps } from '../../../protocol/ddim';
import { userError, type RpgError } from '../../util/rpgError';
import type { Sampler, SamplerOptions, SamplerPlan } from '../sampler';
import type { Schedule } from '../schedule';

const defaultEta = 0.05;

export const ddim: Sampler & { name: 'ddim' } = {
  name: 'ddim',
  title: 'DDIM: a few dozen steps',
  defaultSteps: usualDdimSteps,
  options: ['steps', 'spacing', 'eta'],
  complete({ spacing = 'published', eta = defaultEta, steps }, T) {
    return { steps: steps ?? Math.min(usualDdimSteps, mostDdimSteps(T, spacing)), spacing, eta };
  },
  plan: planDdim,
};

/** *Errors* user: no steps, or more than the schedule and spacing allow; eta outside 0 to 1. */
function planDdim(schedule: Schedule, { steps, eta, spacing }: SamplerOptions): SamplerPlan {
  if (steps < 1) throw badSamplerOption(`DDIM with ${steps} steps samples nothing; give at least 1`);
  if (!isEta(eta)) throw badSamplerOption(`DDIM with eta ${eta} is not defined; give 0 to 1`);
  const times = spacing === 'published' ? publishedTimes(schedule.T, steps) : evenTimes(schedule.T, steps);
  const entries = times.map((t, i) => {
    const alphaBar = schedule.alphaBar[t]!;
    // The published spacing ends at step 0, one step short of clean; the even one ends clean.
    const previous = i > 0 ? schedule.alphaBar[times[i - 1]!]! : spacing === 'published' ? schedule.alphaBar[0]! : 1;
    const sigma = eta * Math.sqrt(((1 - previous) / (1 - alphaBar)) * (1 - alphaBar / previous));
    const b = Math.sqrt(1 - previous - sigma * sigma) - Math.sqrt((previous * (1 - alphaBar)) / alphaBar);
    return { t, a: Math.sqrt(previous / alphaBar), b, sigma };
  });
  return { kind: 'ddim', steps: entries.reverse() };
}

function publishedTimes(T: number, steps: number): number[] {
  const stride = Math.floor(T / steps);
  const times = Array.from({ length: steps }, (_, i) => i * stride + 1);
  if (stride < 1 || times.at(-1)! >= T) throw tooManySteps(steps, T, 'published');
  return times;
}

function evenTimes(T: number, steps: number): number[] {
  if (steps > T) throw tooManySteps(steps, T, 'even');
  return Array.from({ length: steps }, (_, i) => Math.round(((i + 1) * T) / steps) - 1);
}

function badSamplerOption(message: string): RpgError {
  return userError('bad-request', message);
}

function tooManySteps(steps: number, T: number, spacing: SamplerOptions['spacing']): RpgError {
  const most = mostDdimSteps(T, spacing);
  return userError(
    'too-many-sampler-steps',
    `DDIM with ${steps} steps does not fit a schedule of ${T} with ${spacing} spacing; use at most ${most} steps`,
    { steps, T, spacing, most },
  );
}
