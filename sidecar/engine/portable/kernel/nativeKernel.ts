// The same kernel compiled for x86-64 with AVX2, called through koffi on the same memory: about three times as fast. Linux only.
// The library keeps its sizes per thread, so a kernel object configures it anew when another one was called in between.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import type koffiModule from 'koffi';
import { internalError } from '../../../util/rpgError';
import { findWorkerProgram } from '../workers/workerProgram';
import type { KernelCalls, KernelProgram } from './kernel';
import { kernelSignatures, kernelSourceSha256 } from './kernelBytes';

const nativeKernelFile = 'kernel-linux-x64.so';

type Function = (...args: unknown[]) => number;

/** The library's functions, with addresses where the kernel has offsets. */
interface Library {
  functions: Record<keyof KernelCalls, Function>;
  addressOf: (array: Uint8Array) => number;
}

let opened: Library | undefined;
/** Whose sizes this thread's copy of the library has. */
let configured: symbol | undefined;

/** Why the library cannot run here, or null. */
export function nativeKernelProblem(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `built for Linux on x64, this is ${process.platform} ${process.arch}`;
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  const missing = ['avx2', 'fma', 'bmi2'].filter(flag => !flags.includes(flag));
  if (missing.length > 0) return `the processor has no ${missing.join(', ')}`;
  try {
    opened ??= openLibrary();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** *Errors* internal: it cannot run here. */
export function openNativeKernel(): KernelProgram {
  const problem = nativeKernelProblem();
  if (problem !== null || !opened)
    throw internalError('native-kernel', `the native kernel cannot run: ${problem ?? ''}`);
  const library = opened;
  return { directGradientUpTo: 64, start: memory => bind(library, memory) };
}

function openLibrary(): Library {
  const file = path.join(path.dirname(findWorkerProgram() ?? __filename), nativeKernelFile);
  if (!existsSync(file)) throw internalError('native-kernel', `${file} is missing; build or install again`);
  const koffi = createRequire(__filename)('koffi') as typeof koffiModule; // an optional part: its absence is a reason, not a crash
  const library = koffi.load(file);
  const built = (library.func('sourceSha256', 'str', []) as unknown as () => string)();
  if (built !== kernelSourceSha256)
    throw internalError('native-kernel', `${file} is of another version; build or install again`);
  const types = { p: 'intptr_t', i: 'int', f: 'float' };
  const functions = Object.fromEntries(
    Object.entries(kernelSignatures).map(([name, [result, letters]]) => [
      name,
      library.func(
        name,
        result,
        letters.split('').map(letter => types[letter as keyof typeof types]),
      ),
    ]),
  ) as unknown as Library['functions']; // the table has every function of the kernel
  return { functions, addressOf: library.func('addressOf', 'intptr_t', ['void *']) };
}

/** The functions on one memory. Its address is asked for again when it has grown. */
function bind({ functions, addressOf }: Library, memory: WebAssembly.Memory): KernelCalls {
  const identity = Symbol('kernel');
  let buffer: ArrayBuffer | undefined;
  let base = 0;
  let sizes: [tokenLength: number, kernelSize: number] = [1, 1];
  const call = (name: keyof KernelCalls, letters: string) => {
    const run = functions[name];
    const pointers = letters.split('').map(letter => letter === 'p');
    return (...args: number[]) => {
      if (memory.buffer !== buffer) {
        buffer = memory.buffer;
        base = addressOf(new Uint8Array(buffer));
      }
      if (configured !== identity) {
        configured = identity;
        functions.configure(...sizes);
      }
      for (let i = 0; i < args.length; i++) if (pointers[i] && args[i] !== 0) args[i]! += base; // 0 is "none"
      return run(...args);
    };
  };
  const bound = Object.fromEntries(
    Object.entries(kernelSignatures).map(([name, [, letters]]) => [name, call(name as keyof KernelCalls, letters)]),
  ) as unknown as KernelCalls; // the same functions
  return {
    ...bound,
    configure: (tokenLength, kernelSize) => {
      sizes = [tokenLength, kernelSize];
      configured = identity;
      return functions.configure(tokenLength, kernelSize);
    },
  };
}
