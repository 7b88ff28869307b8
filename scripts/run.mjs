// Runs one TypeScript program of this repository: `node scripts/run.mjs FILE.ts [arguments]`. It is bundled in memory-sized
// time by esbuild into build/, so tests, benchmarks and the golden check need no separate build step.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { programBuild, root } from './programBuild.mjs';
import { buildWorkers } from './workers.mjs';

const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  console.error('usage: node scripts/run.mjs FILE.ts [arguments]');
  process.exit(2);
}
const outfile = path.join(root, 'build', entry.replace(/[\\/]/g, '-').replace(/\.ts$/, '.cjs'));
await esbuild.build({ ...programBuild(entry), outfile, sourcemap: true });
await buildWorkers('build');
const child = spawnSync(process.execPath, ['--enable-source-maps', ...process.execArgv, outfile, ...args], {
  stdio: 'inherit',
  cwd: process.cwd(),
  env: { ...process.env, RPG_ROOT: root },
});
process.exit(child.status ?? 1);
