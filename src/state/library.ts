// What the workspace holds, as last read by the sidecar: datasets and runs. The truth is on the disk; this is refreshed when
// something there changed, and says so to the views.
import { datasets as datasetsOperation, type DatasetSummary } from '../../protocol/datasets';
import { listRuns } from '../../protocol/runs';
import type { RunSummary } from '../../protocol/runRecords';
import { Emitter } from '../emitter';
import type { SidecarClient } from '../sidecarClient';
import { toSidecarError, type SidecarError } from '../sidecarError';

export type LibraryStatus =
  { readonly kind: 'loading' } | { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly error: SidecarError };

export interface LibraryOptions {
  readonly client: Pick<SidecarClient, 'call'>;
  /** Whether there is anything to read: without `.rpg/` no sidecar is started. */
  readonly hasRecords: () => boolean;
}

export class Library {
  readonly #options: LibraryOptions;
  readonly #changed = new Emitter<void>();
  #status: LibraryStatus = { kind: 'loading' };
  #datasets: readonly DatasetSummary[] = [];
  #runs: readonly RunSummary[] = [];
  #running: Promise<void> | null = null;
  #isAskedAgain = false;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  readonly onChange = this.#changed.event;

  get status(): LibraryStatus {
    return this.#status;
  }
  get datasets(): readonly DatasetSummary[] {
    return this.#datasets;
  }
  /** Newest first. */
  get runs(): readonly RunSummary[] {
    return this.#runs;
  }

  findRun(id: string): RunSummary | undefined {
    return this.#runs.find(run => run.id === id);
  }

  /** Reads everything again. While one reading runs, further wishes are joined into one more. Never rejects. */
  refresh(): Promise<void> {
    if (this.#running) {
      this.#isAskedAgain = true;
      return this.#running;
    }
    this.#running = this.#readUntilQuiet().finally(() => (this.#running = null));
    return this.#running;
  }

  async #readUntilQuiet(): Promise<void> {
    this.#isAskedAgain = false;
    await this.#read();
    this.#changed.fire();
    // The flag may have been set while it was read.
    if (this.#wasAskedAgain()) await this.#readUntilQuiet();
  }

  #wasAskedAgain(): boolean {
    return this.#isAskedAgain;
  }

  async #read(): Promise<void> {
    try {
      const { client, hasRecords } = this.#options;
      const isEmpty = !hasRecords();
      const [found, runs] = isEmpty
        ? [[], []]
        : await Promise.all([client.call(datasetsOperation, {}), client.call(listRuns, {})]);
      this.#datasets = found;
      this.#runs = [...runs].reverse();
      this.#status = { kind: 'ready' };
    } catch (error) {
      // What was known stays on the screen.
      this.#status = { kind: 'failed', error: toSidecarError(error) };
    }
  }
}
