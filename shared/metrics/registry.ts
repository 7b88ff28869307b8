// Every metric of an evaluation there is, in the order of the columns. A new one is a file and a line here.
import { accuracy } from './accuracy';
import { calibration } from './calibration';
import { highestIou } from './highestIou';
import { loss } from './loss';
import type { Metric } from './metric';
import { nearestDistance } from './nearestDistance';
import { novelty } from './novelty';
import { pairIou } from './pairIou';
import { problems } from './problems';
import { weightNoise } from './weightNoise';

export const metrics: readonly Metric[] = [
  accuracy,
  loss,
  calibration,
  highestIou,
  pairIou,
  nearestDistance,
  weightNoise,
  novelty,
  problems,
];
