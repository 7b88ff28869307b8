// Bundles the three programs and those of the worker threads into dist/. `--watch` rebuilds on change.
import { cpSync, existsSync } from 'node:fs';
import * as esbuild from 'esbuild';
import { copyBinaries, workerBuild } from './scripts/workers.mjs';

const common = {
  bundle: true,
  sourcemap: true,
  logLevel: process.argv.includes('--quiet') ? 'warning' : 'info',
  legalComments: 'none',
};
const node = { ...common, platform: 'node', format: 'cjs', target: 'node20' };

/** Native and optional packages are found at run time beside the bundle, or reported as missing by an engine's probe. */
const nativePackages = ['koffi', 'webgpu', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];

const programs = [
  {
    ...node,
    entryPoints: { sidecar: 'sidecar/main.ts' },
    outdir: 'dist',
    external: nativePackages,
    // tfjs registers gradients by import side effect; its `module` entry keeps them, `main` does not.
    mainFields: ['module', 'main'],
    banner: { js: '#!/usr/bin/env node' },
  },
  workerBuild('dist'),
  { ...node, entryPoints: { extension: 'src/extension.ts' }, outdir: 'dist', external: ['vscode'] },
  {
    ...common,
    entryPoints: { results: 'webview/main.ts', checkpoint: 'webview/checkpoint.ts', style: 'webview/style.css' },
    outdir: 'dist/webview',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
  },
].filter(program => Object.values(program.entryPoints).every(entry => existsSync(entry)));

copyBinaries('dist');
// The CUDA engine's compiled kernels lie beside the bundle.
cpSync('sidecar/engine/cuda/kernels/prebuilt', 'dist/kernels', { recursive: true });
if (process.argv.includes('--watch')) {
  for (const program of programs) await (await esbuild.context(program)).watch();
} else {
  await Promise.all(programs.map(program => esbuild.build(program)));
}
