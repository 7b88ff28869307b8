// A process that tries to take a run's lock, says how it went, and holds the lock until its input closes or time is up.
import { lockRun } from '../../../sidecar/runs/runLock';

lockRun(process.argv[2]!).then(
  () => {
    console.log('locked');
    setTimeout(() => undefined, Number(process.argv[3]));
  },
  (error: unknown) => console.log((error as Error).message),
);
