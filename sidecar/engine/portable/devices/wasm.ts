// The default device: tfjs' WebAssembly backend and the SIMD convolution kernel on every core, with nothing to install.
import { existsSync } from 'node:fs';
import { totalmem } from 'node:os';
import * as path from 'node:path';
import type { EngineDevice, Probe } from '../../engine';
import { portableFacts } from '../portableFacts';
import { openParallelModel } from '../workers/parallelModel';
import { findWorkerProgram } from '../workers/workerProgram';

export const wasmDevice: EngineDevice = {
  engine: 'portable',
  device: 'wasm',
  title: 'Processor (WebAssembly SIMD, all cores)',
  facts: { ...portableFacts, workersPerCore: true },
  probe: async () => probe(),
  open: (spec, options) => openParallelModel(spec, options, 'wasm'),
};

function probe(): Probe {
  const program = findWorkerProgram();
  if (!program) {
    return {
      kind: 'unavailable',
      reason: 'portableWorker.js is not beside the running program; build or install again',
    };
  }
  const binary = path.join(path.dirname(program), 'tfjs-backend-wasm-simd.wasm');
  if (!existsSync(binary)) {
    return { kind: 'unavailable', reason: `${binary} is missing; build or install again` };
  }
  return { kind: 'available', device: 'processor, WebAssembly SIMD', memoryBytes: totalmem(), notes: [] };
}
