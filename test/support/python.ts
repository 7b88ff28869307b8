// Debian's PyTorch, where it is installed: the judge of the files we write.
import { execFileSync, spawnSync } from 'node:child_process';

export const pythonInterpreter = process.env.RPG_TEST_PYTHON ?? '/usr/bin/python3';

/** Why PyTorch cannot be asked, or null. */
export const torchMissing: string | null = (() => {
  const probe = spawnSync(pythonInterpreter, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  return probe.status === 0
    ? null
    : `${pythonInterpreter} cannot import torch; install python3-torch to run these tests`;
})();

if (torchMissing) console.warn(`skipped: ${torchMissing}`);

/** Runs a Python program and returns what it printed. *Errors* its traceback. */
export const python = (program: string, ...args: string[]): string => run(['-c', program, ...args]);

/** Runs a Python file and returns what it printed. *Errors* its traceback. */
export const pythonFile = (file: string, ...args: string[]): string => run([file, ...args]);

function run(args: string[]): string {
  const env = { ...process.env, OPENBLAS_CORETYPE: undefined, PYTHONWARNINGS: 'ignore' };
  return execFileSync(pythonInterpreter, args, {
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
