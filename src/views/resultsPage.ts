// One results page's conversation: what it was posted, which runs it shows, and what it asks for. The truth is the library's
// and the sidecar's; a page that was thrown away begins again with `ready` and misses nothing. No VS Code here.
import { runDetails, type RunDetails } from '../../protocol/runs';
import type { RunSummary } from '../../protocol/runRecords';
import type { RunView, ViewIntent, ViewMessage, ViewSection, ViewState } from '../../protocol/view';
import type { SidecarClient } from '../sidecarClient';
import { Curve } from '../state/curve';
import type { RunFollower } from '../state/runFollower';
import type { Jobs } from '../state/jobs';
import type { Library } from '../state/library';
import { jobViews, problemView, runLive, runView } from '../state/viewState';

export interface PageHost {
  readonly client: Pick<SidecarClient, 'call'>;
  readonly library: Library;
  readonly follower: Pick<RunFollower, 'show'>;
  readonly jobs: Jobs;
  readonly post: (message: ViewMessage) => void;
  /** Everything that is not about what the page shows. */
  readonly perform: (intent: ViewIntent, known: ReadonlySet<string>) => void;
  readonly onProblem: (error: unknown) => void;
}

/** What a training takes is posted this often; its points are as they come. */
const tickMs = 400;

export class ResultsPage {
  #selected: string[] = [];
  #details = new Map<string, RunDetails>();
  /** By the clock of the process, which nobody sets. */
  #detailsReadMs = 0;
  /** By run: an evaluation that the person chose while `newest` was the newest. */
  readonly #chosenEvaluations = new Map<string, { readonly id: string; readonly newest: string | undefined }>();
  readonly #curves = new Map<string, Curve>();
  readonly #subscriptions;
  #isReady = false;
  #isVisible = true;
  #isUpdating = false;
  #pendingSection: ViewSection | null = null;
  #timer: NodeJS.Timeout | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(private readonly host: PageHost) {
    this.#subscriptions = [
      host.library.onChange(() => this.#updateSoon()),
      host.library.onProgress(run => {
        if (this.#selected.includes(run)) this.#tickSoon();
      }),
      host.jobs.onChange(() => this.#tickSoon()),
    ];
  }

  get selected(): readonly string[] {
    return this.#selected;
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isReady = false;
    void this.host.follower.show(this, []);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** A hidden page is not posted to; shown again, it catches up. */
  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    if (isVisible) this.#updateSoon();
    else void this.host.follower.show(this, []);
  }

  /** Shows these runs; before the page is ready, as soon as it is. */
  show(runs: readonly string[] | undefined, section?: ViewSection): void {
    if (runs) this.#selected = [...runs];
    this.#pendingSection = section ?? this.#pendingSection;
    if (this.#isReady) this.#enqueue(() => this.#postSelection());
  }

  receive(intent: ViewIntent): void {
    switch (intent.kind) {
      case 'ready':
        this.#isReady = true;
        this.#curves.clear(); // it has no points
        if (this.#selected.length === 0) this.#selected = [...intent.selected];
        {
          this.#enqueue(() => this.#postEverything());
          return;
        }
      case 'select':
        this.#selected = [...new Set(intent.runs)].filter(run => this.host.library.findRun(run) !== undefined);
        {
          this.#enqueue(() => this.#postSelection());
          return;
        }
      case 'selectEvaluation':
        this.#chosenEvaluations.set(intent.run, {
          id: intent.id,
          newest: this.#details.get(intent.run)?.evaluations[0]?.id,
        });
        {
          this.#enqueue(() => this.#postSelection());
          return;
        }
      case 'resendMetrics':
        this.#curves.delete(intent.run);
        {
          this.#enqueue(() => this.#followCurves());
          return;
        }
      default: {
        this.host.perform(intent, this.#knownPaths());
        return;
      }
    }
  }

  /** One thing after the other: answers must not overtake each other. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => this.host.onProblem(error));
  }

  async #postEverything(): Promise<void> {
    const { library } = this.host;
    if (library.status.kind === 'loading') {
      this.#post({ kind: 'state', state: { ...emptyState, status: { kind: 'loading' } } });
      await library.refresh();
    }
    this.#keepSelection();
    await this.#readDetails();
    this.#post({ kind: 'state', state: this.#state() });
    await this.#followCurves();
    this.#postSection();
    this.#tickSoon();
  }

  async #postSelection(): Promise<void> {
    this.#keepSelection();
    await this.#readDetails();
    const { selected, live } = this.#state();
    this.#post({ kind: 'changed', parts: { selected, live } });
    await this.#followCurves();
    this.#postSection();
    this.#tickSoon();
  }

  /** Several changes at once are one. */
  #updateSoon(): void {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    this.#enqueue(() => {
      this.#isUpdating = false;
      return this.#onLibrary();
    });
  }

  async #onLibrary(): Promise<void> {
    if (!this.#isReady || !this.#isVisible) return;
    const before = this.#selected.join();
    this.#keepSelection();
    const changed = before !== this.#selected.join() || this.#hasChangedRuns();
    if (changed) await this.#readDetails();
    const { status, runs, nDatasets, selected, live, jobs } = this.#state();
    this.#post({ kind: 'changed', parts: { status, runs, nDatasets, live, jobs, ...(changed ? { selected } : {}) } });
    await this.#followCurves();
    this.#tickSoon();
  }

  /** Runs that are gone are let go of; without any, the newest is shown. */
  #keepSelection(): void {
    const { library } = this.host;
    this.#selected = this.#selected.filter(run => library.findRun(run) !== undefined);
    const newest = library.runs[0];
    if (this.#selected.length === 0 && newest) this.#selected = [newest.id];
    for (const run of this.#curves.keys()) if (!this.#selected.includes(run)) this.#curves.delete(run);
  }

  #hasChangedRuns(): boolean {
    return this.#selected.some(run => {
      const now = this.host.library.findRun(run);
      const then = this.#details.get(run)?.summary;
      // Steps and loss are live; all else is read again when some of it changed.
      return now?.status !== then?.status || now?.revision !== then?.revision;
    });
  }

  async #readDetails(): Promise<void> {
    const startMs = performance.now();
    const read = await Promise.all(
      this.#selected.map(async run => {
        try {
          return await this.#detailsOf(run);
        } catch (error) {
          this.host.onProblem(error);
          return null;
        }
      }),
    );
    this.#detailsReadMs = startMs;
    this.#details = new Map(read.filter(details => details !== null).map(details => [details.summary.id, details]));
  }

  /** With the evaluation chosen, until a newer one is made: that is what the person wants to see then. */
  async #detailsOf(run: string): Promise<RunDetails> {
    const { client } = this.host;
    const chosen = this.#chosenEvaluations.get(run);
    const details = await client.call(runDetails, { run, evaluation: chosen?.id });
    if (!chosen || details.evaluations[0]?.id === chosen.newest) return details;
    this.#chosenEvaluations.delete(run);
    return client.call(runDetails, { run });
  }

  #state(): ViewState {
    const { library, jobs } = this.host;
    const { status } = library;
    return {
      status: status.kind === 'failed' ? { kind: 'failed', problem: problemView(status.error) } : status,
      runs: library.runs,
      nDatasets: library.datasets.length,
      selected: this.#selected.map(run => this.#runView(run)).filter(view => view !== null),
      live: this.#live(),
      jobs: jobViews(jobs, library),
    };
  }

  #runView(run: string): RunView | null {
    const details = this.#details.get(run);
    return details ? runView(details, this.host.library.findRun(run) ?? details.summary) : null;
  }

  #live(): ViewState['live'] {
    const { library, jobs } = this.host;
    const sinceReadMs = performance.now() - this.#detailsReadMs;
    return this.#selected
      .map(run => library.findRun(run))
      .filter((summary): summary is RunSummary => summary !== undefined)
      .map(run => {
        const details = this.#details.get(run.id) ?? null;
        return runLive(run, details, jobs.trainingOf(run.id), sinceReadMs, this.#curves.get(run.id)?.latest);
      });
  }

  /** The points of the selected runs come by themselves from now on; the first are posted when it resolves. */
  async #followCurves(): Promise<void> {
    const isShown = this.#isReady && this.#isVisible;
    await this.host.follower.show(this, isShown ? this.#selected.map(run => this.#curveOf(run)) : []);
  }

  #curveOf(run: string): Curve {
    const known = this.#curves.get(run);
    if (known) return known;
    const curve: Curve = new Curve(run, chunk => {
      if (this.#curves.get(run) !== curve) return; // the page was thrown away, or asked for the points again
      this.#post({ kind: 'metrics', ...chunk });
      this.#tickSoon(); // what is told of the run is its last point
    });
    this.#curves.set(run, curve);
    return curve;
  }

  /** While something goes on, the page is told of it a few times a second. */
  #tickSoon(): void {
    if (this.#timer || !this.#isReady || !this.#isVisible) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#enqueue(async () => {
        if (!this.#isReady || !this.#isVisible) return;
        const { library, jobs } = this.host;
        this.#post({ kind: 'changed', parts: { live: this.#live(), jobs: jobViews(jobs, library) } });
        if (this.#selected.some(run => library.findRun(run)?.status === 'running')) this.#tickSoon();
      });
    }, tickMs);
  }

  #postSection(): void {
    if (this.#pendingSection) this.#post({ kind: 'show', section: this.#pendingSection });
    this.#pendingSection = null;
  }

  #post(message: ViewMessage): void {
    if (this.#isReady) this.host.post(message);
  }

  /** Paths that were posted: a page may ask for no others. */
  #knownPaths(): ReadonlySet<string> {
    const known = new Set<string>();
    for (const { files, samples, evaluation } of this.#details.values()) {
      for (const file of files) known.add(file.path);
      for (const { folder, networks } of samples) {
        known.add(folder);
        for (const { file } of networks) known.add(file);
      }
      if (evaluation) known.add(evaluation.file);
    }
    return known;
  }
}

const emptyState: ViewState = { status: { kind: 'loading' }, runs: [], nDatasets: 0, selected: [], live: [], jobs: [] };
