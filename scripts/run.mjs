// Runs one TypeScript program of this repository: `node scripts/run.mjs FILE.ts [arguments]`. It is bundled in memory-sized
// time by esbuild into build/, so tests, benchmarks and the golden check need no separate build step.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { buildWorkers } from './workers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  console.error('usage: node scripts/run.mjs FILE.ts [arguments]');
  process.exit(2);
}
const outfile = path.join(root, 'build', entry.replace(/[\\/]/g, '-').replace(/\.ts$/, '.cjs'));
await esbuild.build({
  entryPoints: [path.join(root, entry)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: true,
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
await buildWorkers('build');
const child = spawnSync(process.execPath, ['--enable-source-maps', ...process.execArgv, outfile, ...args], {
  stdio: 'inherit',
  cwd: process.cwd(),
  env: { ...process.env, RPG_ROOT: root },
});
process.exit(child.status ?? 1);
