// Builds the sidecar, for tests that start it as a process, and the worker programs, for tests that run the engine from
// source; once before all tests.
import { execFileSync } from 'node:child_process';
import { buildWorkers } from '../../scripts/workers.mjs';
import { repository } from './folders';

export default async function build(): Promise<void> {
  execFileSync(process.execPath, ['esbuild.mjs'], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
  await buildWorkers('build');
}
