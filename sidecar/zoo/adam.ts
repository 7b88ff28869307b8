// Adam (Kingma & Ba 2014, algorithm 1) on a flat parameter vector, and the zoo's learning-rate curve. Float64.

/** First and second moments, and the number of steps taken. */
export interface AdamState {
  readonly m: Float64Array;
  readonly v: Float64Array;
  step: number;
}

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** *Shapes* (n), as the parameters. */
export const createAdamState = (n: number): AdamState => ({ m: new Float64Array(n), v: new Float64Array(n), step: 0 });

/** One step, in place. *Shapes* parameters, gradients (n). */
export function adamStep(
  state: AdamState,
  parameters: Float64Array,
  gradients: Float64Array,
  learningRate: number,
): void {
  state.step++;
  const correction1 = 1 - beta1 ** state.step;
  const correction2 = 1 - beta2 ** state.step;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradients[i]!;
    const m = (state.m[i] = beta1 * state.m[i]! + (1 - beta1) * g);
    const v = (state.v[i] = beta2 * state.v[i]! + (1 - beta2) * g * g);
    parameters[i]! -= (learningRate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon);
  }
}

/** Cosine from `start` at step 0 to `end` at `steps`, and `end` from there on. */
export function cosineLearningRate(step: number, steps: number, start: number, end: number): number {
  if (step >= steps) return end;
  return end + ((start - end) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
}
