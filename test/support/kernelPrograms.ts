// Every build of the SIMD kernel that runs on this machine; what does not is named once.
import type { KernelProgram } from '../../sidecar/engine/portable/kernel/kernel';
import { nativeKernelProblem, nativeLevels, openNativeKernel } from '../../sidecar/engine/portable/kernel/nativeKernel';
import { wasmKernel } from '../../sidecar/engine/portable/kernel/wasmKernel';

export function kernelPrograms(): [name: string, start: () => KernelProgram][] {
  const programs: [string, () => KernelProgram][] = [['wasm', () => wasmKernel]];
  const problem = nativeKernelProblem();
  if (problem !== null) console.log(`skipped: the native kernel, ${problem}`);
  else for (const level of nativeLevels()) programs.push([level, () => openNativeKernel(level)]);
  return programs;
}
