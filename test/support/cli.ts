// Runs the built command line as a person would: a process, its words, its exit code.
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import * as path from 'node:path';
import { repository } from './folders';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** `rpg ARGS` in a folder. `interruptIn`: Ctrl-C once it has a file of that folder open. */
export function rpg(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; interruptIn?: string } = {},
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
    if (options.interruptIn !== undefined) interruptOnceIn(options.interruptIn, child);
    child.on('error', reject);
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
}

/** Where the system does not tell what a process has open, after a second. */
function interruptOnceIn(folder: string, child: ChildProcess): void {
  const descriptors = `/proc/${child.pid}/fd`;
  const timer = setInterval(
    () => {
      if (process.platform === 'linux' && !hasOpen(descriptors, folder)) return;
      clearInterval(timer);
      child.kill('SIGINT');
    },
    process.platform === 'linux' ? 2 : 1000,
  );
  child.on('exit', () => clearInterval(timer));
}

function hasOpen(descriptors: string, folder: string): boolean {
  try {
    return readdirSync(descriptors).some(fd => readlinkSync(path.join(descriptors, fd)).startsWith(folder));
  } catch {
    return false; // closed between the two looks
  }
}
