// tfjs' WebAssembly backend in this thread, with its binaries found beside the worker program.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { internalError } from '../../../util/rpgError';
import type { KernelProgram } from '../kernel/kernel';
import { wasmKernel } from '../kernel/wasmKernel';
import { tf, useBackend } from '../tf';
import { installKernelMatMul } from './kernelMatMul';
import { findWorkerProgram } from '../workers/workerProgram';

/** The binary variants that are shipped. The threaded one is not: workers use the cores. */
const simdBinary = 'tfjs-backend-wasm-simd.wasm';
const plainBinary = 'tfjs-backend-wasm.wasm';

/** Makes wasm this thread's backend, with matrix products by a program of the kernel. *Errors* internal: the binaries are missing. */
export async function startWasmBackend(program: KernelProgram = wasmKernel): Promise<void> {
  const folder = path.dirname(findWorkerProgram() ?? __filename);
  const file = path.join(folder, simdBinary);
  if (!existsSync(file)) throw internalError('wasm-binary-missing', `${file} is missing; build or install again`);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths({
    [simdBinary]: file,
    [plainBinary]: path.join(folder, plainBinary),
    'tfjs-backend-wasm-threaded-simd.wasm': file, // asked for by name, never loaded
  });
  await useBackend('wasm');
  installKernelMatMul(program);
}
