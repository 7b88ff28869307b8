// The contract of a sampler: which steps it visits, and x ← a·x + b·epsilonTheta + sigma·noise with what numbers. An engine
// executes a plan without knowing the sampler. Adding one: a file in samplers/ that exports a Sampler, and a line in its registry.
import type { GenerateParams } from '../../protocol/generation';
import type { Schedule } from './schedule';

export type SamplerName = NonNullable<GenerateParams['sampler']>;

/** Which steps a sampler visits and with what coefficients; engines only multiply and add. */
export interface SamplerPlan {
  readonly kind: SamplerName;
  /** In order of use, from noisy to clean: x ← a·x + b·epsilonTheta(x, t) + sigma·noise (sigma 0 on a last DDPM step). */
  readonly steps: readonly { t: number; a: number; b: number; sigma: number }[];
}

export interface SamplerOptions {
  /** How many of the schedule's steps are visited. */
  steps: number;
  /** 0 is deterministic, 1 as noisy as DDPM. */
  eta: number;
  /** `published`: the first `steps` multiples of floor(T / steps), plus one. `even`: evenly spaced, starting from T - 1. */
  spacing: 'published' | 'even';
}

export interface Sampler {
  readonly name: SamplerName;
  /** One line for a picker. */
  readonly title: string;
  /** Steps where nobody says otherwise and the schedule has as many; null: always all of the schedule. */
  readonly defaultSteps: number | null;
  /** The options it pays heed to; another that is given is refused. */
  readonly options: readonly (keyof SamplerOptions)[];
  /** What is not given, for a schedule of T steps. */
  readonly complete: (given: Partial<SamplerOptions>, T: number) => SamplerOptions;
  /** *Errors* user: options that the schedule does not allow. */
  readonly plan: (schedule: Schedule, options: SamplerOptions) => SamplerPlan;
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
