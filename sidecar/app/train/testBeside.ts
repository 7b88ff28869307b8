// Generate-and-test at intervals, beside the training: the same program in a child process, working from a snapshot, so that
// training never waits for it. One at a time; a snapshot that is due while the last one is still tested is left out.
import { spawn } from 'node:child_process';
import * as os from 'node:os';

export interface BesideResult {
  readonly step: number;
  /** What `generate --json` printed, or null when it failed. */
  readonly output: unknown;
  readonly problem: string | null;
}

export interface TestBeside {
  /** Starts unless one is running. Returns whether it was started. */
  start(step: number): boolean;
  /** Step of the snapshot that is being read now, or null. */
  readonly step: number | null;
  /** Resolves when the running one has ended and its result was taken. */
  finish(): Promise<void>;
  /** Ends the running one now. */
  cancel(): void;
}

export interface BesideOptions {
  /** Executable and first arguments that start this program's command line. */
  program: readonly [string, ...string[]];
  /** The command line for a step. */
  argumentsFor: (step: number) => readonly string[];
  onResult: (result: BesideResult) => Promise<void>;
}

/** Lower than the trainer's, so that it takes the time that is left over. */
const priority = os.constants.priority.PRIORITY_BELOW_NORMAL;

export function createTestBeside({ program, argumentsFor, onResult }: BesideOptions): TestBeside {
  let running: { step: number; ended: Promise<void>; cancel: () => void } | null = null;
  return {
    get step() {
      return running?.step ?? null;
    },
    start(step) {
      if (running) return false;
      const [executable, ...first] = program;
      const child = spawn(executable, [...first, ...argumentsFor(step)], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr, cancelled] = ['', '', false];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
      const ended = new Promise<void>(resolve => {
        const end = (result: BesideResult): void => {
          if (running?.step !== step) return; // 'error' and 'close' may both come
          running = null;
          void (cancelled ? Promise.resolve() : onResult(result)).then(resolve);
        };
        child.on('error', error => end({ step, output: null, problem: error.message }));
        child.on('close', code => end(readOutcome(step, code, stdout, stderr)));
      });
      lowerPriority(child.pid);
      const cancel = (): void => {
        cancelled = true;
        child.kill();
      };
      running = { step, ended, cancel };
      return true;
    },
    finish: async () => running?.ended,
    cancel: () => running?.cancel(),
  };
}

function readOutcome(step: number, code: number | null, stdout: string, stderr: string): BesideResult {
  if (code !== 0)
    return {
      step,
      output: null,
      problem: failureOf(stdout) ?? (stderr.trim() || `it ended with code ${String(code)}`),
    };
  try {
    return { step, output: JSON.parse(stdout) as unknown, problem: null };
  } catch {
    return { step, output: null, problem: 'its output is not JSON' };
  }
}

/** What `--json` tells of an error: without the words for a terminal, for an editor shows it. */
function failureOf(stdout: string): string | null {
  try {
    const { error } = JSON.parse(stdout) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : null;
  } catch {
    return null; // it was killed before it could tell
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) os.setPriority(pid, priority);
  } catch {
    // It ended already, or the system does not allow it: a matter of comfort only.
  }
}
