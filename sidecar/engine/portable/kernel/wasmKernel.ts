// The kernel as WebAssembly SIMD: runs everywhere, carried by every bundle.
import type { KernelCalls, KernelProgram } from './kernel';
import { kernelBase64 } from './kernelBytes';

let compiled: WebAssembly.Module | undefined;

export const wasmKernel: KernelProgram = {
  directGradientUpTo: 0,
  start: memory => {
    compiled ??= new WebAssembly.Module(Buffer.from(kernelBase64, 'base64'));
    const instance = new WebAssembly.Instance(compiled, { env: { memory } });
    return instance.exports as unknown as KernelCalls; // kernel.c exports exactly these
  },
};
