// tfjs' plain JavaScript backend: slow, in this thread, for tests and as the last resort.
import '@tensorflow/tfjs-backend-cpu';
import type { EngineDevice } from '../../engine';
import { portableFacts } from '../portableFacts';
import { openLocalModel } from '../localModel';
import { useBackend } from '../tf';

export const cpuDevice: EngineDevice = {
  engine: 'portable',
  device: 'cpu',
  title: 'Plain JavaScript (slow; for tests)',
  facts: portableFacts,
  probe: async () => ({ kind: 'available', device: 'JavaScript, one thread', memoryBytes: null, notes: [] }),
  open: async (spec, options) => {
    await useBackend('cpu');
    return openLocalModel(spec, options, 'cpu', 'portable engine, plain JavaScript');
  },
};
