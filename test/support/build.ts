// Builds the sidecar once before the tests that start it as a process.
import { execFileSync } from 'node:child_process';
import { repository } from './folders';

export default function build(): void {
  execFileSync(process.execPath, ['esbuild.mjs'], { cwd: repository, stdio: ['ignore', 'ignore', 'inherit'] });
}
