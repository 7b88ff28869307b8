// Samplers as plans: which steps are visited, and x ← a·x + b·epsilonTheta + sigma·noise with what numbers. An engine
// executes a plan without knowing the sampler; a new sampler is one entry of the registry below.
// Sources: DDPM, Ho et al. 2020; DDIM, Song et al., "Denoising diffusion implicit models", ICLR 2021.
import { isEta } from '../../shared/rules';
import { mostDdimSteps } from '../../protocol/ddim';
import { userError, type RpgError } from '../util/rpgError';
import { ddpmCoefficients, type Schedule } from './schedule';

/** Which steps a sampler visits and with what coefficients; engines only multiply and add. */
export interface SamplerPlan {
  readonly kind: 'ddpm' | 'ddim';
  /** In order of use, from noisy to clean: x ← a·x + b·epsilonTheta(x, t) + sigma·noise (sigma 0 on a last DDPM step). */
  readonly steps: readonly { t: number; a: number; b: number; sigma: number }[];
}

export interface SamplerOptions {
  /** DDIM steps; DDPM always visits all T. */
  steps: number;
  /** 0 is deterministic, 1 as noisy as DDPM. */
  eta: number;
  /** `published`: the first `steps` multiples of floor(T / steps), plus one. `even`: evenly spaced, starting from T - 1. */
  spacing: 'published' | 'even';
}

interface Sampler {
  readonly name: SamplerPlan['kind'];
  readonly title: string;
  plan(schedule: Schedule, options: SamplerOptions): SamplerPlan;
}

/** Every sampler, in the order pickers show them. */
export const samplers: readonly Sampler[] = [
  { name: 'ddpm', title: 'DDPM: every diffusion step', plan: planDdpm },
  { name: 'ddim', title: 'DDIM: few steps', plan: planDdim },
];

/** The plan of a sampler. *Errors* user: no DDIM steps, or more than the schedule and spacing allow; eta outside 0 to 1. */
export function planSampler(name: SamplerPlan['kind'], schedule: Schedule, options: SamplerOptions): SamplerPlan {
  return samplers.find(sampler => sampler.name === name)!.plan(schedule, options);
}

/** Share of signal that a first step may suppose beyond the schedule's own end. */
const supposedSignal = 0.05;

/** Sampling begins with pure noise; a plan whose first step takes it for a half-done network deserves a word. Null: all is well. */
export function samplerRemark({ kind, steps }: SamplerPlan, { T, alphaBar }: Schedule): string | null {
  const { t } = steps[0]!;
  const signal = Math.sqrt(alphaBar[t]!);
  if (signal - Math.sqrt(alphaBar[T - 1]!) <= supposedSignal) return null;
  return (
    `${kind.toUpperCase()} begins at step ${t} of ${T}, where noise still holds ${Math.round(100 * signal)} % of a network, ` +
    'and it begins with noise alone: take fewer steps, or even spacing'
  );
}

function planDdpm(schedule: Schedule): SamplerPlan {
  const { coeff1, coeff2, posteriorVariance } = ddpmCoefficients(schedule);
  const steps = Array.from({ length: schedule.T }, (_, k) => {
    const t = schedule.T - 1 - k;
    return { t, a: coeff1[t]!, b: -coeff2[t]!, sigma: t === 0 ? 0 : Math.sqrt(posteriorVariance[t]!) };
  });
  return { kind: 'ddpm', steps };
}

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
