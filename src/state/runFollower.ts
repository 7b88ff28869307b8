// The one way by which this window hears of runs: a stream of the sidecar's events, begun again with the places that were reached
// when a page shows other curves, when someone must know how things are now, and after the sidecar went away.
import { followRuns, type MetricsTail, type MetricsTailParams, type RunsEvent } from '../../protocol/runs';
import { Emitter } from '../emitter';
import { joined } from '../joined';
import type { SidecarClient } from '../sidecarClient';
import { SidecarError, toSidecarError } from '../sidecarError';

/** A curve that someone shows. */
export interface FollowedCurve {
  /** Up to which its points were taken. */
  readonly place: MetricsTailParams;
  take(tail: MetricsTail): void;
}

/** What the stream tells of runs; points go to the curves themselves. */
export type FollowedRuns = Exclude<RunsEvent, { kind: 'points' }>;

export interface FollowingEnd {
  readonly error: SidecarError;
  /** False: it could not begin. */
  readonly hadBegun: boolean;
}

export interface RunFollowerOptions {
  readonly client: Pick<SidecarClient, 'call'>;
  /** Whether there is anything to follow: without `.rpg/` no sidecar is started. */
  readonly hasRecords: () => boolean;
}

export class RunFollower {
  readonly #runs = new Emitter<FollowedRuns>();
  readonly #ended = new Emitter<FollowingEnd>();
  /** By who shows them. */
  readonly #shown = new Map<object, readonly FollowedCurve[]>();
  #current: AbortController | null = null;
  readonly #beginning = joined(() => this.#beginOnce());
  #isDisposed = false;

  constructor(private readonly options: RunFollowerOptions) {}

  readonly onRuns = this.#runs.event;
  /** It ended by itself, and is begun again by who wants it. */
  readonly onEnd = this.#ended.event;

  dispose(): void {
    this.#isDisposed = true;
    this.#current?.abort();
    this.#current = null;
    this.#runs.dispose();
    this.#ended.dispose();
  }

  /** The curves that `owner` shows from now on, instead of those before. Resolves when the first points of each were taken. */
  show(owner: object, curves: readonly FollowedCurve[]): Promise<void> {
    const before = this.#shown.get(owner) ?? [];
    if (before.length === curves.length && curves.every(curve => before.includes(curve)))
      return this.#beginning.current ?? Promise.resolve();
    if (curves.length === 0) this.#shown.delete(owner);
    else this.#shown.set(owner, [...curves]);
    return this.begin();
  }

  /**
   * Begins, again if need be; resolves when the runs as they are now were told, or it ended. While one begins, further wishes are
   * joined into one more beginning. Never rejects.
   */
  begin(): Promise<void> {
    return this.#beginning.ask();
  }

  #beginOnce(): Promise<void> {
    const { client, hasRecords } = this.options;
    this.#current?.abort();
    this.#current = null;
    if (this.#isDisposed) return Promise.resolve();
    if (!hasRecords()) {
      this.#runs.fire({ kind: 'listed', runs: [] });
      return Promise.resolve();
    }
    const mine = (this.#current = new AbortController());
    const curves = [...this.#shown.values()].flat();
    return new Promise(resolve => {
      let hadBegun = false;
      const onProgress = (event: RunsEvent): void => {
        if (this.#current !== mine) return; // what comes late of the one before
        this.#take(event, curves);
        if (event.kind !== 'listed') return;
        hadBegun = true;
        resolve();
      };
      const params = { curves: curves.map(({ place }) => place) };
      const end = (error: SidecarError): void => {
        if (this.#current === mine) {
          this.#current = null;
          this.#ended.fire({ error, hadBegun });
        }
        resolve();
      };
      client.call(followRuns, params, { signal: mine.signal, onProgress }).then(
        () => end(endedByItself()),
        (error: unknown) => end(toSidecarError(error)),
      );
    });
  }

  #take(event: RunsEvent, curves: readonly FollowedCurve[]): void {
    if (event.kind !== 'points') {
      this.#runs.fire(event);
      return;
    }
    const curve = curves[event.curve];
    const isShown = [...this.#shown.values()].some(shown => curve && shown.includes(curve));
    if (isShown) curve?.take(event.tail);
  }
}

/** It lasts until it is cancelled; a sidecar that is being stopped ends it before. */
const endedByItself = (): SidecarError =>
  new SidecarError('sidecar-gone', 'internal', 'the sidecar stopped telling of runs; it is asked again');
