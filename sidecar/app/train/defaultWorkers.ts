// How many data-parallel workers a run gets when nobody says: it becomes part of the run's identity.
import { availableParallelism } from 'node:os';
import type { EngineDevice } from '../../engine/engine';

/** wasm computes on one thread, so a worker a core; the other devices are parallel in themselves. */
export function defaultWorkers({ engine, device }: EngineDevice, batchSize: number): number {
  if (engine !== 'portable' || !['wasm', 'native'].includes(device)) return 1;
  return Math.max(1, Math.min(availableParallelism(), batchSize));
}
