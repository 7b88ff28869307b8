// Learning rate of each step: linear warm-up, then a cosine from the peak to 0.
// *Source* Loshchilov and Hutter, "SGDR", ICLR 2017, one cycle without restarts; steps are counted as PyTorch's
// CosineAnnealingLR does when it is stepped after the optimizer: the first step after the warm-up still has the peak.
import type { ResolvedRunConfig } from '../../../protocol/runConfig';

type Training = ResolvedRunConfig['training'];

/** *Units* `step` counts from 1. */
export function learningRateAt(
  step: number,
  { learningRate, warmupSteps, steps, schedule }: Pick<Training, 'learningRate' | 'warmupSteps' | 'steps' | 'schedule'>,
): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  if (schedule === 'constant') return learningRate;
  const progress = (step - 1 - warmupSteps) / (steps - warmupSteps);
  return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}
