// The points of one run's curves, appended as they come. NaN stands for a value that is not finite.
import type { MetricsChunk } from '../../protocol/view';
import { Envelope } from './envelope';
import { GrowingArray } from './growingArray';

/** The smoothed loss averages about the last twentieth of the steps, at most the last hundred: it lags little where the loss falls fast. */
const newestWeight = (nPoints: number): number => Math.max(0.01, 1 / (1 + nPoints / 20));

export class Series {
  readonly steps = new GrowingArray(Float64Array);
  readonly loss = new GrowingArray(Float64Array);
  /** Exponential moving average of the loss. */
  readonly smoothLoss = new GrowingArray(Float64Array);
  readonly learningRate = new GrowingArray(Float64Array);
  /** Which points to draw. The smoothed loss has no spikes of its own: it is drawn at the points chosen for the loss. */
  readonly lossEnvelope = new Envelope(this.loss);
  readonly learningRateEnvelope = new Envelope(this.learningRate);
  /** Losses that were not finite. */
  nNotFinite = 0;
  #average = 0;
  #nFinite = 0;

  get length(): number {
    return this.steps.length;
  }

  /** Appends, or replaces everything from index 0. False: points between are missing, and nothing was taken. */
  add(chunk: MetricsChunk): boolean {
    if (chunk.from === 0) this.#clear();
    else if (chunk.from !== this.length) return false;
    for (let index = 0; index < chunk.steps.length; index++) {
      const loss = chunk.loss[index] ?? NaN;
      this.steps.push(chunk.steps[index]!);
      this.loss.push(loss);
      this.smoothLoss.push(this.#smooth(loss));
      this.learningRate.push(chunk.learningRate[index] ?? NaN);
    }
    this.lossEnvelope.update();
    this.learningRateEnvelope.update();
    return true;
  }

  /** Index of the last point at or before a step; −1 where there is none. */
  indexAt(step: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps.at(middle) <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #smooth(loss: number): number {
    if (Number.isNaN(loss)) {
      this.nNotFinite++;
      return NaN;
    }
    this.#average += newestWeight(this.#nFinite++) * (loss - this.#average);
    return this.#average;
  }

  #clear(): void {
    for (const part of [this.steps, this.loss, this.smoothLoss, this.learningRate]) part.clear();
    this.lossEnvelope.clear();
    this.learningRateEnvelope.clear();
    this.nNotFinite = 0;
    this.#average = 0;
    this.#nFinite = 0;
  }
}
