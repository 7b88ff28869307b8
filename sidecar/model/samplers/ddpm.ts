// DDPM: every step of the schedule, each with fresh noise, as the model was trained.
// Source: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020.
import type { Sampler, SamplerPlan } from '../sampler';
import { ddpmCoefficients, type Schedule } from '../schedule';

export const ddpm: Sampler & { name: 'ddpm' } = {
  name: 'ddpm',
  title: 'DDPM: every step of the schedule',
  defaultSteps: null,
  options: [],
  complete: (_, T) => ({ steps: T, spacing: 'even', eta: 1 }),
  plan: planDdpm,
};

function planDdpm(schedule: Schedule): SamplerPlan {
  const { coeff1, coeff2, posteriorVariance } = ddpmCoefficients(schedule);
  const steps = Array.from({ length: schedule.T }, (_, k) => {
    const t = schedule.T - 1 - k;
    return { t, a: coeff1[t]!, b: -coeff2[t]!, sigma: t === 0 ? 0 : Math.sqrt(posteriorVariance[t]!) };
  });
  return { kind: 'ddpm', steps };
}
