// Programs that run in worker threads are bundles of their own, because a thread is started from a file. They are built into
// dist/ for the package, and into build/ for programs run from source (scripts/run.mjs) and for the tests.
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Name below the output folder → source. */
const entries = {
  'workers/zooWorker': 'sidecar/zoo/zooWorker.ts',
  portableWorker: 'sidecar/engine/portable/workers/portableWorker.ts',
};

/** tfjs' WebAssembly programs, which the portable engine's worker loads from its own folder. */
const wasmBinaries = ['tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm.wasm'];

/** esbuild's options for all worker programs. */
export const workerBuild = outdir => ({
  absWorkingDir: root,
  entryPoints: entries,
  outdir,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['koffi'],
  sourcemap: true,
  legalComments: 'none',
  // tfjs registers gradients and kernels by import side effect; its `module` entry keeps them, `main` does not.
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  // Emscripten's script asks for its own address, which a CommonJS bundle does not have; only a browser needs it.
  logOverride: { 'empty-import-meta': 'silent' },
});

export function copyBinaries(outdir) {
  const source = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  mkdirSync(path.join(root, outdir), { recursive: true });
  for (const binary of wasmBinaries) replaceFile(path.join(source, binary), path.join(root, outdir, binary));
  copyNativeKernels(outdir);
}

export function copyNativeKernels(outdir) {
  const built = path.join(root, 'sidecar/engine/portable/kernel/native');
  for (const kernel of nativeKernels) replaceFile(path.join(built, kernel), path.join(root, outdir, kernel));
}

/** Never by writing into the old file: programs at work have the library mapped, and would die of SIGBUS. */
function replaceFile(source, target) {
  const temporary = `${target}.${process.pid}.tmp`;
  copyFileSync(source, temporary);
  renameSync(temporary, target);
}

/** The SIMD kernel's native builds, which the worker loads from its own folder too. */
export const nativeKernels = ['kernel-linux-x64-avx2.so', 'kernel-linux-x64-avx512.so'];

/** Everything the threads need, in one folder. */
export async function buildWorkers(outdir) {
  await esbuild.build(workerBuild(outdir));
  copyBinaries(outdir);
}
