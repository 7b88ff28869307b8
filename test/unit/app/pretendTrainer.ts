// A process that holds a run's lock and writes its metrics for two seconds as a trainer does; prints how many steps it did.
import { setTimeout as sleep } from 'node:timers/promises';
import { openMetricsLog } from '../../../sidecar/runs/metricsLog';
import { lockRun } from '../../../sidecar/runs/runLock';
import { updateRun } from '../../../sidecar/runs/runStore';

async function pretend(folder: string): Promise<number> {
  const lock = await lockRun(folder);
  await updateRun(folder, { status: 'running' });
  const metrics = openMetricsLog(folder);
  let step = 0;
  for (const startMs = performance.now(); performance.now() - startMs < 2000;) {
    step++;
    metrics.append({ step, loss: 1 / step, learningRate: 1 });
    await sleep(10);
  }
  metrics.close();
  await updateRun(folder, { status: 'finished' });
  await lock.release();
  return step;
}

void pretend(process.argv[2]!).then(steps => {
  process.stdout.write(String(steps));
});
