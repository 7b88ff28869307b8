// Runs one child program to its end, its time limit or its cancellation. The latter two kill the whole process group, so that
// what a test program started itself does not outlive it, and so does the end where that still holds the output open. Only
// the end of the output is kept.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cancelledError, throwIfCancelled } from '../util/rpgError';

export interface ProcessOptions {
  readonly cwd: string;
  readonly timeLimitMs: number;
  readonly signal?: AbortSignal;
}

/** How it ended. */
export interface ProcessResult {
  readonly end:
    | { kind: 'exit'; code: number }
    | { kind: 'killed'; signal: string }
    | { kind: 'time-limit' }
    | { kind: 'not-started'; reason: string };
  /** The last 64 KiB of standard output and, after it, of standard error. */
  readonly stdout: string;
  readonly stderr: string;
}

const keptChars = 64 * 1024;
/** How long a program may take to end by itself after SIGTERM. */
const graceMs = 300;
/** How long the output of a program that ended is waited for, where a process it left behind holds it open. */
const drainMs = 2000;

/** *Errors* cancelled: the signal fired; the process group is gone by then. Everything else is in the result. */
export async function runProcess(argv: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  throwIfCancelled(options.signal, 'testing networks');
  const [program, ...args] = argv;
  const child = spawn(program!, args, {
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own can be killed as a whole; on Windows taskkill walks the tree instead.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-keptChars)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-keptChars)));

  const stop: { reason: 'time-limit' | 'cancelled' | null } = { reason: null };
  const stopFor = (reason: 'time-limit' | 'cancelled'): void => {
    if (stop.reason !== null) return;
    stop.reason = reason;
    killGroup(child, 'SIGTERM');
    forceTimer = setTimeout(cutOff, graceMs);
  };
  const cutOff = (): void => {
    killGroup(child, 'SIGKILL');
    // A grandchild that left the group may hold the pipes open for ever; the program itself is dead.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  let forceTimer: NodeJS.Timeout | undefined;
  let drainTimer: NodeJS.Timeout | undefined;
  const limitTimer = setTimeout(() => stopFor('time-limit'), options.timeLimitMs);
  const onAbort = (): void => stopFor('cancelled');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (running.size === 0) process.on('exit', killRunning);
  running.add(child);
  try {
    const end = await new Promise<ProcessResult['end']>(resolve => {
      child.on('error', error => resolve({ kind: 'not-started', reason: error.message }));
      child.on('exit', () => {
        clearTimeout(limitTimer);
        if (stop.reason === null) drainTimer = setTimeout(cutOff, drainMs);
      });
      child.on('close', (code, signal) =>
        resolve(code === null ? { kind: 'killed', signal: signal ?? 'unknown' } : { kind: 'exit', code }),
      );
    });
    if (stop.reason === 'cancelled') throw cancelledError('testing networks');
    return { end: stop.reason === 'time-limit' ? { kind: 'time-limit' } : end, stdout, stderr };
  } finally {
    clearTimeout(limitTimer);
    clearTimeout(forceTimer);
    clearTimeout(drainTimer);
    if (stop.reason !== null) killGroup(child, 'SIGKILL');
    options.signal?.removeEventListener('abort', onAbort);
    running.delete(child);
    if (running.size === 0) process.removeListener('exit', killRunning);
  }
}

/** Children at work: one listener for all, because a dozen of them would be reported as a leak. */
const running = new Set<ChildProcess>();

/** When this process exits, their groups must not outlive it. */
function killRunning(): void {
  for (const child of running) killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f']);
    else process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is gone already, which is what was wanted
  }
}
