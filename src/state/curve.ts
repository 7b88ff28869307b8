// One run's curve as it was posted to a page: where reading goes on, and how many points the page has. Reading is the
// sidecar's; this only keeps the place.
import { metricsTail, type MetricsTail } from '../../protocol/runs';
import type { MetricsChunk } from '../../protocol/view';
import type { SidecarClient } from '../sidecarClient';

export interface LatestPoint {
  readonly step: number;
  readonly loss: number | null;
}

export class Curve {
  #fromByte = 0;
  #afterStep = 0;
  #count = 0;
  #latest: LatestPoint | null = null;

  constructor(
    readonly run: string,
    private readonly client: Pick<SidecarClient, 'call'>,
  ) {}

  /** The last point that was read; null before the first. */
  get latest(): LatestPoint | null {
    return this.#latest;
  }

  /** The page lost its points: the next answer begins at index 0. */
  rewind(): void {
    [this.#fromByte, this.#afterStep, this.#count] = [0, 0, 0];
  }

  /** Posts the points that were added, in chunks; from index 0 also when there are none, so that the page knows. */
  async follow(post: (chunk: MetricsChunk) => void): Promise<void> {
    for (;;) {
      const isFirst = this.#fromByte === 0;
      const asked = { run: this.run, fromByte: this.#fromByte, afterStep: this.#afterStep };
      const tail = await this.client.call(metricsTail, asked);
      if (tail.isRestarted) [this.#count, this.#latest] = [0, null];
      const step = tail.steps.at(-1);
      if (step !== undefined) this.#latest = { step, loss: tail.loss.at(-1) ?? null };
      if (isFirst || tail.isRestarted || tail.steps.length > 0) post(this.#chunk(tail));
      this.#fromByte = tail.nextByte;
      this.#afterStep = tail.steps.at(-1) ?? (tail.isRestarted ? 0 : this.#afterStep);
      this.#count += tail.steps.length;
      if (!tail.hasMore) return;
    }
  }

  #chunk({ steps, loss, learningRate }: MetricsTail): MetricsChunk {
    return { run: this.run, from: this.#count, steps, loss, learningRate };
  }
}
