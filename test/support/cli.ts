// Runs the built command line as a person would: a process, its words, its exit code.
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { repository } from './folders';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `rpg ARGS` in a folder. */
export function rpg(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; interruptAfterMs?: number } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(repository, 'dist', 'sidecar.js'), ...args], {
      cwd: options.cwd ?? repository,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    if (options.interruptAfterMs !== undefined) setTimeout(() => child.kill('SIGINT'), options.interruptAfterMs);
    child.on('error', reject);
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
}
