// The program of a zoo worker thread: it trains as one of several, or tests one range of images after another. Bundled on
// its own into workers/zooWorker.js; nothing imports it.
import { parentPort, workerData } from 'node:worker_threads';
import { joinBarrier } from './barrier';
import { createRangeTester } from './testNetwork';
import { trainNetwork } from './trainNetwork';
import type { TestReply, TestRequest, TrainingMessage, ZooWorkerTask } from './zooMessages';

const task = workerData as ZooWorkerTask; // made by zooThreads.ts, the only one who starts this program
const port = parentPort!; // a worker always has one

if (task.kind === 'test') {
  const test = createRangeTester(task.spec, task.images);
  port.on('message', (request: TestRequest) => {
    const reply: TestReply = test(request.weights, request.from, request.to);
    port.postMessage(reply);
  });
} else {
  const { plan, images, index, count } = task;
  const send = (message: TrainingMessage): void => port.postMessage(message);
  trainNetwork(
    plan,
    images,
    { index, count, shards: new Float64Array(task.shards), meet: joinBarrier(task.barrier, count) },
    {
      onProgress: (step, totalSteps, loss) => send({ kind: 'progress', step, totalSteps, loss }),
      onCheckpoint: (step, weights) => send({ kind: 'checkpoint', step, weights }),
    },
  );
  send({ kind: 'done' });
}
