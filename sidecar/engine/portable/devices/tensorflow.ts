// TensorFlow's C library, when the user has installed @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node (4.22) beside the
// program or in the working folder. Never a dependency: the packages download libtensorflow at install. Their copy of
// tfjs-core shares the engine with ours through its global. Not run by the project's tests, which do not install it.
import { createRequire } from 'node:module';
import * as path from 'node:path';
import * as util from 'node:util';
import type { EngineDevice, Probe } from '../../engine';
import { portableFacts } from '../portableFacts';
import { openLocalModel } from '../localModel';
import { useBackend } from '../tf';

const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export const tensorflowDevice: EngineDevice = {
  engine: 'portable',
  device: 'tensorflow',
  title: 'TensorFlow library (when installed)',
  facts: portableFacts,
  probe: async () => probe(),
  open: async (spec, options) => {
    const found = findPackage();
    if (!found) throw new Error(notInstalled);
    load(found.file);
    await useBackend('tensorflow');
    return openLocalModel(spec, options, 'tensorflow', `portable engine, ${found.name}`);
  },
};

const notInstalled =
  'neither @tensorflow/tfjs-node-gpu nor @tensorflow/tfjs-node is installed; npm install one of them (4.22) in the working folder';

function probe(): Probe {
  const found = findPackage();
  if (!found) return { kind: 'unavailable', reason: notInstalled };
  try {
    load(found.file);
    return { kind: 'available', device: found.name, memoryBytes: null, notes: ['not covered by the tests'] };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { kind: 'unavailable', reason: `${found.name} is installed but does not load: ${why ?? 'unknown'}` };
  }
}

/** The first of the packages that resolves from the working folder or from beside this program. */
function findPackage(): { name: string; file: string } | null {
  for (const name of packages) {
    for (const folder of [process.cwd(), typeof __dirname === 'string' ? __dirname : process.cwd()]) {
      try {
        return { name, file: createRequire(path.join(folder, 'resolve.js')).resolve(name) };
      } catch {
        // not here
      }
    }
  }
  return null;
}

function load(file: string): void {
  // Node 23 removed two functions that tfjs-node 4.22 calls.
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  legacy.isArray ??= Array.isArray;
  createRequire(file)(file);
}
