// The linear noise schedule and the numbers derived from it. Computed in float64; files hold them as float32.
// Source: Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020.

/** Noise schedule of T steps. *Shapes* every array has T entries; index t is diffusion step t, 0 the least noisy. */
export interface Schedule {
  readonly T: number;
  readonly beta: Float64Array;
  /** Running product of 1 - beta. */
  readonly alphaBar: Float64Array;
  /** sqrt(alphaBar): how much of x0 is left in xt. */
  readonly signalRate: Float64Array;
  /** sqrt(1 - alphaBar): how much noise is in xt. */
  readonly noiseRate: Float64Array;
}

/** Linear betas from `betaStart` to `betaEnd`, both included. */
export function createSchedule(diffusion: { T: number; betaStart: number; betaEnd: number }): Schedule {
  const { T, betaStart, betaEnd } = diffusion;
  const beta = Float64Array.from({ length: T }, (_, t) =>
    T === 1 ? betaStart : betaStart + ((betaEnd - betaStart) * t) / (T - 1),
  );
  const alphaBar = new Float64Array(T);
  let product = 1;
  for (let t = 0; t < T; t++) alphaBar[t] = product *= 1 - beta[t]!;
  return { T, beta, alphaBar, signalRate: alphaBar.map(Math.sqrt), noiseRate: alphaBar.map(a => Math.sqrt(1 - a)) };
}

/** Coefficients of the DDPM step x ← coeff1·x − coeff2·epsilonTheta + sqrt(posteriorVariance)·noise. */
export function ddpmCoefficients(schedule: Schedule): {
  coeff1: Float64Array;
  coeff2: Float64Array;
  posteriorVariance: Float64Array;
} {
  const { beta, alphaBar } = schedule;
  const coeff1 = beta.map(b => 1 / Math.sqrt(1 - b));
  return {
    coeff1,
    coeff2: beta.map((b, t) => (coeff1[t]! * b) / Math.sqrt(1 - alphaBar[t]!)),
    posteriorVariance: beta.map((b, t) => (b * (1 - (t === 0 ? 1 : alphaBar[t - 1]!))) / (1 - alphaBar[t]!)),
  };
}
