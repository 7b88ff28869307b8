// A sidecar that is killed cannot end the programs it started (tests of the person's own). They inherit a mark in their
// environment, by which they are found and ended. Linux only, where the environment of a process can be read; elsewhere such
// a program runs to its own end.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { LogMessage } from '../protocol/session';

export interface OrphanMark {
  readonly env: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A mark for one sidecar and all that it starts. */
export function orphanMark(): OrphanMark {
  const value = randomBytes(12).toString('hex');
  return { env: { RPG_SIDECAR_MARK: value }, text: `RPG_SIDECAR_MARK=${value}` };
}

/** Ends every process that carries the mark. Returns how many. */
export function killOrphans({ text }: OrphanMark, log: (level: LogMessage['level'], message: string) => void): number {
  let count = 0;
  for (const pid of process.platform === 'linux' ? processIds() : []) {
    if (pid === process.pid || !environmentOf(pid).includes(text)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      count++;
    } catch {
      // it ended meanwhile
    }
  }
  if (count > 0) log('warn', `ended ${count} programs that the sidecar had left behind`);
  return count;
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // another person's, or gone
  }
}
