// Every trivial baseline there is. A new one is a file and a line here.
import { averageBaseline, averageOfAll } from './averages';
import type { Baseline } from './baseline';
import { gaussianBaseline } from './gaussian';
import { noiseBaseline } from './noise';
import { slerpBaseline } from './slerp';

export const baselines: readonly Baseline[] = [
  noiseBaseline(0.01),
  noiseBaseline(0.02),
  noiseBaseline(0.03),
  noiseBaseline(0.04),
  noiseBaseline(0.05),
  noiseBaseline(0.1),
  averageBaseline(2, 'midpoints'),
  averageBaseline(16, 'averages of 16'),
  averageOfAll,
  slerpBaseline,
  gaussianBaseline,
];

/** Tested in this order where the generated networks are farther from the originals than all noise that was, until one is as far. */
export const strongerNoise: readonly Baseline[] = [0.2, 0.3, 0.5, 1].map(noiseBaseline);
