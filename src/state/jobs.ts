// The long operations of this window: what the status bar, the trees and the results show as going on, and what can be
// cancelled. The work itself is elsewhere.
import type { TrainProgress } from '../../protocol/training';
import type { JobView } from '../../protocol/view';
import { Emitter } from '../emitter';

export interface JobOptions {
  readonly title: string;
  /** Known from the beginning, or when the first report names it. */
  readonly run?: string;
}

/**
 * What a trainer says of its work. Step and loss are not among it: those of a run, whoever trains it, are the library's.
 */
export type JobTraining = Pick<TrainProgress, 'run' | 'phase' | 'message' | 'stepsPerSecond' | 'remainingMs'>;

/** What the work of a job may do. */
export interface JobHandle {
  readonly signal: AbortSignal;
  report(progress: { fraction: number | null; message: string }): void;
  reportTraining(progress: JobTraining): void;
}

export interface Job {
  /** A training's fraction is that of its run: see `jobViews`. */
  readonly view: JobView;
  /** Of a training; null before its first report. */
  readonly training: JobTraining | null;
  cancel(): void;
}

/** A training that has no folder yet: it waits for the device, or reads the dataset. */
export const isPreparing = ({ training, view }: Job): boolean => training !== null && view.run === null;

interface MutableJob extends Job {
  view: JobView;
  training: JobTraining | null;
}

export class Jobs {
  readonly #changed = new Emitter<void>();
  readonly #jobs = new Map<string, MutableJob>();
  #next = 1;

  readonly onChange = this.#changed.event;

  /** Oldest first. */
  get all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  find(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** The training of a run in this window. */
  trainingOf(run: string): Job | undefined {
    return this.all.find(job => job.training?.run === run);
  }

  /** Runs the work as a job and passes its result or error on. */
  async start<T>({ title, run }: JobOptions, work: (handle: JobHandle) => Promise<T>): Promise<T> {
    const id = String(this.#next++);
    const controller = new AbortController();
    const job: MutableJob = {
      view: { id, title, run: run ?? null, fraction: null, message: '', end: 'cancel' },
      training: null,
      cancel: () => {
        controller.abort();
        this.#update(job, { message: 'Stopping', end: null });
      },
    };
    this.#jobs.set(id, job);
    this.#changed.fire();
    try {
      return await work({
        signal: controller.signal,
        report: ({ fraction, message }) => this.#update(job, { fraction, message }),
        reportTraining: progress => {
          job.training = progress;
          const known = progress.run === '' ? job.view.run : progress.run;
          const end = job.view.end && (known === null ? 'cancel' : 'stop');
          this.#update(job, { message: progress.message, run: known, end });
        },
      });
    } finally {
      this.#jobs.delete(id);
      this.#changed.fire();
    }
  }

  #update(job: MutableJob, change: Partial<JobView>): void {
    const isEnding = job.view.end === null;
    job.view = { ...job.view, ...change, message: isEnding ? job.view.message : (change.message ?? job.view.message) };
    this.#changed.fire();
  }
}
