// One run's curve as it was posted to a page: where reading goes on, and how many points the page has. Reading is the
// sidecar's; this only keeps the place.
import type { MetricsTail, MetricsTailParams } from '../../protocol/runs';
import type { MetricsChunk } from '../../protocol/view';
import type { FollowedCurve } from './runFollower';

export interface LatestPoint {
  readonly step: number;
  readonly loss: number | null;
}

export class Curve implements FollowedCurve {
  #place: MetricsTailParams;
  #count = 0;
  #latest: LatestPoint | null = null;
  #isPosted = false;

  constructor(
    run: string,
    private readonly post: (chunk: MetricsChunk) => void,
  ) {
    this.#place = { run, fromByte: 0, afterStep: 0 };
  }

  get place(): MetricsTailParams {
    return this.#place;
  }

  /** The last point that was taken; null before the first. */
  get latest(): LatestPoint | null {
    return this.#latest;
  }

  /** Posts the points; the first time also when there are none, so that the page knows. */
  take({ steps, loss, learningRate, nextByte, isRestarted }: MetricsTail): void {
    if (isRestarted) [this.#count, this.#latest] = [0, null];
    const { run, afterStep } = this.#place;
    const step = steps.at(-1);
    if (step !== undefined) this.#latest = { step, loss: loss.at(-1) ?? null };
    const chunk = { run, from: this.#count, steps, loss, learningRate };
    this.#place = { run, fromByte: nextByte, afterStep: step ?? (isRestarted ? 0 : afterStep) };
    this.#count += steps.length;
    if (!this.#isPosted || isRestarted || steps.length > 0) this.post(chunk);
    this.#isPosted = true;
  }
}
