// Programs that run in worker threads are bundled on their own: into dist/workers for the package, into build/workers for
// programs run from source (scripts/run.mjs) and for the tests (vitest's global setup).
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Name in workers/ → source. */
export const workerEntries = { zooWorker: 'sidecar/zoo/zooWorker.ts' };

/** esbuild's options for the worker programs. */
export const workerBuild = outdir => ({
  entryPoints: Object.fromEntries(Object.entries(workerEntries).map(([name, file]) => [name, path.join(root, file)])),
  outdir: path.join(root, outdir),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
});

/** Vitest's global setup, and scripts/run.mjs. */
export default async function buildWorkers() {
  await esbuild.build(workerBuild('build/workers'));
}
