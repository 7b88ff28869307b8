// The same kernel compiled for x86-64 with AVX2 and with AVX-512, called through koffi on the same memory: three to five times as
// fast. Linux only. The library keeps its sizes per thread, so a kernel object configures it anew when another one was called in between.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import type koffiModule from 'koffi';
import { internalError } from '../../../util/rpgError';
import { findWorkerProgram } from '../workers/workerProgram';
import type { KernelCalls, KernelProgram } from './kernel';
import { kernelSignatures, kernelSourceSha256 } from './kernelBytes';

/** Instruction sets there is a build for, best first, with the processor flags that its compiler assumed. */
const levels = {
  avx512: { title: 'AVX-512', flags: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl', 'fma', 'bmi2'], directGradientUpTo: 64 },
  avx2: { title: 'AVX2', flags: ['avx2', 'fma', 'bmi2'], directGradientUpTo: 64 },
} as const; // prettier-ignore

export type NativeLevel = keyof typeof levels;

type Function = (...args: unknown[]) => number;

/** The library's functions, with addresses where the kernel has offsets. */
interface Library {
  functions: Record<keyof KernelCalls, Function>;
  addressOf: (array: Uint8Array) => number;
}

const opened = new Map<NativeLevel, Library>();
/** Whose sizes this thread's copy of a library has. */
const configured = new Map<Library, symbol>();

/** What the processor has of it. The two builds differ in the last bits of results. */
export function nativeLevels(): NativeLevel[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') return [];
  const has = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
  return (Object.keys(levels) as NativeLevel[]).filter(level => levels[level].flags.every(flag => has.has(flag))); // keys of that table
}

/** Of the build that is taken here. */
export function nativeTitle(): string {
  const [level] = nativeLevels();
  return level === undefined ? 'none' : levels[level].title;
}

/** Why no library can run here, or null. */
export function nativeKernelProblem(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `built for Linux on x64, this is ${process.platform} ${process.arch}`;
  const [best] = nativeLevels();
  if (best === undefined) return `the processor lacks one of ${levels.avx2.flags.join(', ')}`;
  try {
    openLibrary(best);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The best build this processor runs, or a given one. *Errors* internal: it cannot run here. */
export function openNativeKernel(level: NativeLevel | undefined = nativeLevels()[0]): KernelProgram {
  const problem = nativeKernelProblem();
  if (problem !== null || level === undefined)
    throw internalError('native-kernel', `the native kernel cannot run: ${problem ?? ''}`);
  const library = openLibrary(level);
  return { directGradientUpTo: levels[level].directGradientUpTo, start: memory => bind(library, memory) };
}

function openLibrary(level: NativeLevel): Library {
  const known = opened.get(level);
  if (known) return known;
  const file = path.join(path.dirname(findWorkerProgram() ?? __filename), `kernel-linux-x64-${level}.so`);
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
  const result: Library = { functions, addressOf: library.func('addressOf', 'intptr_t', ['void *']) };
  opened.set(level, result);
  return result;
}

/** The functions on one memory. Its address is asked for again when it has grown. */
function bind(library: Library, memory: WebAssembly.Memory): KernelCalls {
  const { functions, addressOf } = library;
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
      if (configured.get(library) !== identity) {
        configured.set(library, identity);
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
      configured.set(library, identity);
      return functions.configure(tokenLength, kernelSize);
    },
  };
}
