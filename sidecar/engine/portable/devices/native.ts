// The processor by the kernel's native builds (Linux x86-64 with AVX2 or AVX-512, through koffi), tfjs' WebAssembly backend for the rest.
// The same programs and workers as the wasm device; only the kernel's instructions differ, and so the last bits of results.
import { totalmem } from 'node:os';
import type { EngineDevice } from '../../engine';
import { portableFacts } from '../portableFacts';
import { nativeKernelProblem, nativeTitle } from '../kernel/nativeKernel';
import { openParallelModel } from '../workers/parallelModel';
import { wasmDevice } from './wasm';

export const nativeDevice: EngineDevice = {
  engine: 'portable',
  device: 'native',
  title: 'Processor (native instructions, all cores)',
  facts: { ...portableFacts, workersPerCore: true },
  probe: async () => {
    const wasm = await wasmDevice.probe(); // which it stands on
    if (wasm.kind === 'unavailable') return wasm;
    const reason = nativeKernelProblem();
    if (reason !== null) return { kind: 'unavailable', reason };
    return { kind: 'available', device: `processor, ${nativeTitle()}`, memoryBytes: totalmem(), notes: [] };
  },
  open: (spec, options) => openParallelModel(spec, options, 'native'),
};
