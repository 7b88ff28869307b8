// How a TypeScript program of tests, benchmarks and checks becomes one file that Node runs.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** esbuild's options for one program, but for its output file. */
export const programBuild = entry => ({
  entryPoints: [path.join(root, entry)],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: [
    'koffi',
    'webgpu',
    '@tensorflow/tfjs-node',
    '@tensorflow/tfjs-node-gpu',
    'esbuild',
    'vitest',
    'playwright-core',
  ],
  mainFields: ['module', 'main'],
  logLevel: 'warning',
});
