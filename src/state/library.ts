// What the workspace holds: datasets, as last read by the sidecar, and runs, as it tells of them. The truth is on the disk.
import { datasets as datasetsOperation, type DatasetSummary } from '../../protocol/datasets';
import type { RunSummary } from '../../protocol/runRecords';
import { byRunNumber } from '../../shared/runIds';
import { Emitter } from '../emitter';
import { joined } from '../joined';
import type { SidecarClient } from '../sidecarClient';
import { toSidecarError, type SidecarError } from '../sidecarError';
import type { FollowedRuns, FollowingEnd, RunFollower } from './runFollower';

export type LibraryStatus =
  { readonly kind: 'loading' } | { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly error: SidecarError };

export interface LibraryOptions {
  readonly client: Pick<SidecarClient, 'call'>;
  /** Whether there is anything to read: without `.rpg/` no sidecar is started. */
  readonly hasRecords: () => boolean;
  readonly follower: Pick<RunFollower, 'begin' | 'onRuns' | 'onEnd'>;
}

export type LibraryChange =
  /** The status, the datasets, or which runs there are. */
  | { readonly kind: 'all' }
  /** One run, in more than its step and loss. */
  | { readonly kind: 'run'; readonly run: string };

export class Library {
  readonly #options: LibraryOptions;
  readonly #changed = new Emitter<LibraryChange>();
  readonly #progressed = new Emitter<string>();
  #isLoaded = false;
  #datasets: readonly DatasetSummary[] = [];
  #runs: readonly RunSummary[] = [];
  #errors: { readonly datasets: SidecarError | null; readonly runs: SidecarError | null } = {
    datasets: null,
    runs: null,
  };
  /** The sidecar went away while it told of runs. */
  #isCut = false;
  readonly #reading = joined(() => this.#read());

  constructor(options: LibraryOptions) {
    this.#options = options;
    options.follower.onRuns(event => this.#takeRuns(event));
    options.follower.onEnd(end => this.#onEnd(end));
  }

  /** Also when it could not be read again. */
  readonly onChange = this.#changed.event;
  /** Step and loss of a run, by its id, and nothing else: several times a second while it is trained. */
  readonly onProgress = this.#progressed.event;

  get status(): LibraryStatus {
    if (!this.#isLoaded) return { kind: 'loading' };
    const error = this.#errors.runs ?? this.#errors.datasets;
    return error ? { kind: 'failed', error } : { kind: 'ready' };
  }
  get datasets(): readonly DatasetSummary[] {
    return this.#datasets;
  }
  /** Newest first. */
  get runs(): readonly RunSummary[] {
    return this.#runs;
  }
  /** What is known is no longer kept up; a sidecar that is well again should be asked. */
  get isBehind(): boolean {
    return this.#reading.current === null && (this.#isCut || this.status.kind === 'failed');
  }

  findRun(id: string): RunSummary | undefined {
    return this.#runs.find(run => run.id === id);
  }

  /** Reads everything again. While one reading runs, further wishes are joined into one more. Never rejects. */
  refresh(): Promise<void> {
    return this.#reading.ask();
  }

  async #read(): Promise<void> {
    const before = this.status.kind;
    const [hasChanged] = await Promise.all([this.#readDatasets(), this.#options.follower.begin()]);
    this.#isLoaded = true;
    // What was known stays on the screen.
    if (hasChanged || this.status.kind !== before || this.status.kind === 'failed') this.#changed.fire({ kind: 'all' });
  }

  async #readDatasets(): Promise<boolean> {
    const { client, hasRecords } = this.#options;
    const before = JSON.stringify(this.#datasets);
    try {
      this.#datasets = hasRecords() ? await client.call(datasetsOperation, {}) : [];
      this.#errors = { ...this.#errors, datasets: null };
    } catch (error) {
      this.#errors = { ...this.#errors, datasets: toSidecarError(error) };
    }
    return before !== JSON.stringify(this.#datasets);
  }

  #takeRuns(event: FollowedRuns): void {
    switch (event.kind) {
      case 'listed':
        this.#onListed(event.runs);
        break;
      case 'summary':
        this.#onSummary(event.run);
        break;
      case 'removed':
        this.#runs = this.#runs.filter(({ id }) => id !== event.run);
        this.#changed.fire({ kind: 'all' });
        break;
      default:
        event satisfies never;
    }
  }

  #onListed(runs: readonly RunSummary[]): void {
    this.#isCut = false;
    const hadFailed = this.#errors.runs !== null;
    this.#errors = { ...this.#errors, runs: null };
    const before = this.#runs;
    this.#runs = runs.toSorted(newestFirst);
    const isSameList = before.length === runs.length && before.every(({ id }, at) => this.#runs[at]!.id === id);
    if (!isSameList || hadFailed) {
      this.#changed.fire({ kind: 'all' });
      return;
    }
    this.#runs.forEach((run, at) => this.#tell(before[at]!, run));
  }

  #onSummary(run: RunSummary): void {
    const before = this.findRun(run.id);
    const others = this.#runs.filter(({ id }) => id !== run.id);
    this.#runs = [...others, run].sort(newestFirst);
    if (before) this.#tell(before, run);
    else this.#changed.fire({ kind: 'all' });
  }

  #tell(before: RunSummary, now: RunSummary): void {
    const { step, loss } = before;
    if (JSON.stringify({ ...now, step, loss }) !== JSON.stringify({ ...before, step, loss }))
      this.#changed.fire({ kind: 'run', run: now.id });
    else if (now.step !== step || now.loss !== loss) this.#progressed.fire(now.id);
  }

  /** A sidecar that ends is started again by itself, and then asked again (`isBehind`): only what cannot be had at all has failed. */
  #onEnd({ error, hadBegun }: FollowingEnd): void {
    if (hadBegun && error.code === 'sidecar-gone') {
      this.#isCut = true;
      return;
    }
    this.#errors = { ...this.#errors, runs: error };
    if (this.#isLoaded) this.#changed.fire({ kind: 'all' });
  }
}

const newestFirst = (a: RunSummary, b: RunSummary): number => byRunNumber(b.id, a.id);
