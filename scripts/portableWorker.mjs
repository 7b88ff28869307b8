// The worker program of the portable engine: a bundle of its own with tfjs' WebAssembly binaries beside it. Used by the
// build (dist/), by scripts/run.mjs and by the tests (build/).
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const binaries = ['tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm.wasm'];

/** esbuild's options for portableWorker.js in a folder. */
export function portableWorkerProgram(outdir) {
  return {
    absWorkingDir: root,
    entryPoints: { portableWorker: 'sidecar/engine/portable/workers/portableWorker.ts' },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: true,
    legalComments: 'none',
    // tfjs registers gradients and kernels by import side effect; its `module` entry keeps them, `main` does not.
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    // Emscripten's script asks for its own address, which a CommonJS bundle does not have; only a browser needs it.
    logOverride: { 'empty-import-meta': 'silent' },
  };
}

/** Copies the binaries that the worker program loads from its own folder. */
export function copyWasmBinaries(outdir) {
  const source = path.join(path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')));
  mkdirSync(path.join(root, outdir), { recursive: true });
  for (const binary of binaries) copyFileSync(path.join(source, binary), path.join(root, outdir, binary));
}

/** Builds the worker program with everything it needs. */
export async function buildPortableWorker(outdir) {
  await esbuild.build(portableWorkerProgram(outdir));
  copyWasmBinaries(outdir);
}
