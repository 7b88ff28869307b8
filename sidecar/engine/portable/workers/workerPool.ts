// The worker threads of one model and the questions put to them. Where the worker's program lies, what happens when one
// fails: all others are released from their barrier, and the model refuses further work.
import { Worker } from 'node:worker_threads';
import { internalError, RpgError } from '../../../util/rpgError';
import {
  meetingMethods,
  type WorkerData,
  type WorkerMethod,
  type WorkerMethods,
  type WorkerReply,
  type WorkerRequest,
} from './messages';
import { SharedState, type SharedBuffers } from './sharedState';
import { findWorkerProgram } from './workerProgram';

type Argument<M extends WorkerMethod> = Parameters<WorkerMethods[M]>[0];
type Answer<M extends WorkerMethod> = Awaited<ReturnType<WorkerMethods[M]>>;

interface Pending {
  method: WorkerMethod;
  resolve: (value: unknown) => void;
  reject: (error: RpgError) => void;
}

/** Owns the threads; `dispose` ends them. */
export class WorkerPool {
  readonly #workers: Worker[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #state: SharedState;
  #nextId = 0;
  #failure: RpgError | undefined;
  #onProgress: ((worker: number, fraction: number) => void) | undefined;

  private constructor(shared: SharedBuffers) {
    this.#state = new SharedState(shared, 0);
  }

  /** Starts the threads and waits until all are ready. *Errors* internal: the program is missing, a thread fails at once. */
  static async start(data: Omit<WorkerData, 'worker'>): Promise<WorkerPool> {
    const program = findWorkerProgram();
    if (!program) throw internalError('worker-program-missing', 'portableWorker.js is not beside the running program');
    const pool = new WorkerPool(data.shared);
    const starts = Array.from({ length: data.shared.nWorkers }, (_, worker) =>
      pool.#startOne(program, { ...data, worker }),
    );
    try {
      await Promise.all(starts);
      return pool;
    } catch (error) {
      await pool.dispose();
      throw error;
    }
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Asks one worker. */
  ask<M extends WorkerMethod>(worker: number, method: M, argument: Argument<M>): Promise<Answer<M>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject });
      const request: WorkerRequest = { id, method, argument };
      this.#workers[worker]!.postMessage(request);
    }) as Promise<Answer<M>>; // the worker answers a method with that method's answer
  }

  /** Asks every worker at once; answers in their order. */
  askAll<M extends WorkerMethod>(method: M, argument: Argument<M>): Promise<Answer<M>[]> {
    return Promise.all(this.#workers.map((_, worker) => this.ask(worker, method, argument)));
  }

  /** Where progress of the running question goes. */
  onProgress(listener: ((worker: number, fraction: number) => void) | undefined): void {
    this.#onProgress = listener;
  }

  /** Ends the threads, whatever they are doing. */
  async dispose(): Promise<void> {
    this.#fail(internalError('model-disposed', 'the model was closed'));
    await Promise.all(this.#workers.map(worker => worker.terminate()));
  }

  #startOne(program: string, data: WorkerData): Promise<void> {
    const worker = new Worker(program, { workerData: data });
    const index = this.#workers.push(worker) - 1;
    return new Promise((resolve, reject) => {
      worker.on('message', (reply: WorkerReply) => {
        if (reply.kind === 'ready') resolve();
        else this.#receive(index, reply);
      });
      const fail = (error: RpgError) => {
        reject(error);
        this.#fail(error);
      };
      worker.on('error', error => fail(internalError('worker-died', `a worker thread failed: ${error.message}`)));
      worker.on('exit', code => fail(internalError('worker-died', `a worker thread ended with code ${code}`)));
    });
  }

  #receive(worker: number, reply: Exclude<WorkerReply, { kind: 'ready' }>): void {
    if (reply.kind === 'progress') {
      this.#onProgress?.(worker, reply.fraction);
      return;
    }
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === 'result') pending?.resolve(reply.value);
    else {
      const { blame, code, message, stack } = reply;
      const error = new RpgError(code, blame, message, { stack });
      // Workers that only were woken from their barrier must not hide the one that failed first.
      if (pending && meetingMethods.has(pending.method) && code !== 'worker-aborted') this.#fail(error);
      pending?.reject(this.#failure ?? error);
    }
  }

  #fail(error: RpgError): void {
    this.#failure ??= error;
    this.#state.abort();
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}
