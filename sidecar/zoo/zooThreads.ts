// Starts the zoo's worker threads: training on several threads at once, and a pool that tests networks on all cores. The
// event loop stays free, and cancelling ends the threads at once.
import { Worker } from 'node:worker_threads';
import { packagedFile } from '../util/packagedFile';
import { cancelledError, internalError, throwIfCancelled } from '../util/rpgError';
import { barrierBytes } from './barrier';
import type { LabelledImages } from './imageData';
import type { NetworkSpec } from './networkSpec';
import { shardCount, shardValues, type TrainingListener, type TrainingPlan } from './trainNetwork';
import type { TestReply, TestRequest, TrainingMessage, ZooWorkerTask } from './zooMessages';

/**
 * Trains a network on `threads` threads; the result does not depend on their number.
 * *Errors* cancelled: the signal fired; internal: a thread died.
 */
export async function trainOnThreads(
  plan: TrainingPlan,
  images: LabelledImages,
  listener: TrainingListener,
  options: { threads: number; signal?: AbortSignal },
): Promise<void> {
  throwIfCancelled(options.signal, 'training the zoo');
  const count = Math.max(1, Math.min(options.threads, shardCount));
  const shards = new SharedArrayBuffer(shardValues(plan.spec) * Float64Array.BYTES_PER_ELEMENT);
  const barrier = new SharedArrayBuffer(barrierBytes);
  const workers = Array.from({ length: count }, (_, index) =>
    startWorker({ kind: 'train', plan, images, index, count, shards, barrier }),
  );
  try {
    await new Promise<void>((resolve, reject) => {
      let running = count;
      options.signal?.addEventListener('abort', () => reject(cancelledError('training the zoo')), { once: true });
      for (const worker of workers) {
        worker.on('error', reject);
        worker.on('exit', code => {
          if (code !== 0) reject(threadDied(code));
        });
        worker.on('message', (message: TrainingMessage) => {
          switch (message.kind) {
            case 'progress':
              listener.onProgress(message.step, message.totalSteps, message.loss);
              return;
            case 'checkpoint':
              listener.onCheckpoint(message.step, message.weights);
              return;
            case 'done':
              if (--running === 0) resolve();
              return;
            default:
              return message satisfies never;
          }
        });
      }
    });
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}

/** The outcome of one network on all images. */
interface NetworkOutcome {
  /** Share of right predictions, 0 … 1. */
  readonly accuracy: number;
  /** Mean cross entropy, in nats. */
  readonly loss: number;
  /** (images), the predicted classes. */
  readonly predictions: Uint8Array;
  /** (images, classes) */
  readonly probabilities: Float32Array;
}

/** Threads that test networks of one kind on one set of images. */
export interface TestPool {
  /** *Shapes* weights (parameters). *Errors* cancelled: the signal fired; internal: a thread died or the pool is closed. */
  test(weights: Float32Array, signal?: AbortSignal): Promise<NetworkOutcome>;
  dispose(): Promise<void>;
}

/** Images of one job: small enough that all threads finish together, large enough that messages cost nothing. */
const imagesPerJob = 2_500;

interface Job {
  readonly request: TestRequest;
  readonly wanted: () => boolean;
  readonly onReply: (reply: TestReply) => void;
  readonly onError: (error: Error) => void;
}

/** Opens a pool of `threads` threads. *Memory* the images are shared by all of them. */
export function openTestPool(spec: NetworkSpec, images: LabelledImages, threads: number): TestPool {
  const queue: Job[] = [];
  const current = new Map<Worker, Job | null>();
  let failure: Error | null = null;

  const fail = (error: Error): void => {
    failure ??= error;
    for (const job of [...queue.splice(0), ...current.values()]) job?.onError(failure);
  };
  const feed = (worker: Worker): void => {
    let job = queue.shift();
    while (job !== undefined && !job.wanted()) job = queue.shift();
    current.set(worker, job ?? null);
    if (job === undefined)
      worker.unref(); // an idle pool does not keep the process alive
    else {
      worker.ref();
      worker.postMessage(job.request);
    }
  };
  for (let i = 0; i < Math.max(1, threads); i++) {
    const worker = startWorker({ kind: 'test', spec, images });
    worker.unref();
    worker.on('error', fail);
    worker.on('exit', code => fail(threadDied(code)));
    worker.on('message', (reply: TestReply) => {
      current.get(worker)?.onReply(reply);
      feed(worker);
    });
    current.set(worker, null);
  }

  return {
    async test(weights, signal) {
      throwIfCancelled(signal, 'testing networks');
      if (failure !== null) throw failure;
      const ranges = Array.from({ length: Math.ceil(images.count / imagesPerJob) }, (_, i) => i * imagesPerJob);
      let onAbort: (() => void) | undefined;
      try {
        const replies = await new Promise<TestReply[]>((resolve, reject) => {
          const collected: TestReply[] = [];
          let missing = ranges.length;
          let wanted = true;
          const giveUp = (error: Error): void => {
            wanted = false;
            reject(error);
          };
          onAbort = () => giveUp(cancelledError('testing networks'));
          signal?.addEventListener('abort', onAbort, { once: true });
          if (missing === 0) resolve(collected);
          for (const [index, from] of ranges.entries()) {
            queue.push({
              request: { weights, from, to: Math.min(from + imagesPerJob, images.count) },
              wanted: () => wanted,
              onReply: reply => {
                collected[index] = reply;
                if (--missing === 0) resolve(collected);
              },
              onError: giveUp,
            });
          }
          for (const [worker, job] of current) if (job === null) feed(worker);
        });
        return joinReplies(replies, images.count, spec.nClasses);
      } finally {
        if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
      }
    },
    async dispose() {
      fail(internalError('test-pool-closed', 'the pool of testing threads is closed'));
      await Promise.all([...current.keys()].map(worker => worker.terminate()));
    },
  };
}

/** Sums in range order, so that the loss does not depend on which thread was faster. */
function joinReplies(replies: readonly TestReply[], images: number, classes: number): NetworkOutcome {
  const predictions = new Uint8Array(images);
  const probabilities = new Float32Array(images * classes);
  let at = 0;
  let lossSum = 0;
  let correct = 0;
  for (const reply of replies) {
    predictions.set(reply.predictions, at);
    probabilities.set(reply.probabilities, at * classes);
    at += reply.predictions.length;
    lossSum += reply.lossSum;
    correct += reply.correct;
  }
  return { accuracy: correct / images, loss: lossSum / images, predictions, probabilities };
}

function startWorker(task: ZooWorkerTask): Worker {
  // dist/workers or build/workers beside a bundle; build/workers of the checkout when running from source.
  const file = packagedFile('workers/zooWorker.js', 'build/workers/zooWorker.js');
  return new Worker(file, { workerData: task });
}

function threadDied(code: number): Error {
  return internalError('zoo-thread-died', `a zoo worker thread ended with code ${code}; see the log`, { code });
}
