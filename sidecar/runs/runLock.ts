// One trainer per run. The lock is a file created exclusively, naming its owner; the lock of a process that is gone is
// taken over. Two processes may race for it at any point: exactly one wins.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError, mendableError, userError, type RpgError } from '../util/rpgError';

/** Who holds a lock. */
export interface LockOwner {
  readonly pid: number;
  readonly hostname: string;
  /** Of the process, as the system counts it; tells a reused pid from the owner. Empty where it cannot be read. */
  readonly processStart: string;
  /** ISO 8601. */
  readonly lockedAt: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

export interface RunLock {
  readonly owner: LockOwner;
  /** Throws when the lock file is no longer ours: someone removed it by hand. Called before anything is written. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

const lockName = 'lock';
/** Held for the instants in which a stale lock is replaced. */
const takeoverName = 'lock.takeover';
/** Older than this, a takeover file was left by a crash. */
const takeoverStaleMs = 10_000;

/** Takes the run's lock. *Errors* `run-locked`, naming the process that holds it. */
export async function lockRun(folder: string): Promise<RunLock> {
  const file = path.join(folder, lockName);
  const owner = await describeThisProcess();
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await createExclusively(file, owner)) return heldLock(file, owner);
    const holder = await readOwner(file);
    if (holder === 'gone') continue;
    if (holder !== 'unreadable' && (await isAlive(holder))) throw runLocked(folder, holder);
    if (await replaceStale(folder, owner)) return heldLock(file, owner);
    await sleep(10 + 20 * Math.random());
  }
  throw userError('run-locked', `${folder}: its lock changes hands all the time; try again, or remove ${file}`, {
    folder,
  });
}

/** The live owner of a run's lock, or null. */
export async function lockOwner(folder: string): Promise<LockOwner | null> {
  const holder = await readOwner(path.join(folder, lockName));
  return typeof holder === 'object' && (await isAlive(holder)) ? holder : null;
}

/** Whether the owner still runs. On another host it cannot be known, and is taken for running. */
async function isAlive(owner: LockOwner): Promise<boolean> {
  if (owner.hostname !== os.hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = await processStart(owner.pid);
  if (start === 'ended') return false;
  return owner.processStart === '' || start === '' || start === owner.processStart;
}

function runLocked(folder: string, holder: LockOwner): RpgError {
  const { pid, hostname, lockedAt } = holder;
  const run = path.basename(folder);
  const facts = { folder, pid, hostname };
  if (hostname === os.hostname()) {
    const message = `${run} is being trained by process ${pid} since ${lockedAt}`;
    return mendableError('run-locked', message, ['wait for it', { does: 'stop', run }], facts);
  }
  return userError(
    'run-locked',
    `${run} is being trained by process ${pid} on ${hostname} since ${lockedAt}; if that machine no longer runs it, remove ${path.join(folder, lockName)}`,
    facts,
  );
}

function heldLock(file: string, owner: LockOwner): RunLock {
  const isOurs = async () => {
    const holder = await readOwner(file);
    return typeof holder === 'object' && holder.token === owner.token;
  };
  return {
    owner,
    async assertHeld() {
      if (await isOurs()) return;
      throw userError('run-lock-lost', `${file} was removed or replaced while this process trained the run; it stops`, {
        file,
      });
    },
    async release() {
      if (await isOurs()) await fs.rm(file, { force: true });
    },
  };
}

/**
 * Replaces a lock whose owner is gone. All who find it stale meet at a second exclusive file, and only its holder removes
 * the lock, after looking again: otherwise the slower of two could remove the lock the faster has just made.
 */
async function replaceStale(folder: string, owner: LockOwner): Promise<boolean> {
  const file = path.join(folder, lockName);
  const takeover = path.join(folder, takeoverName);
  if (!(await createExclusively(takeover, owner))) {
    const age = await fs.stat(takeover).then(
      stat => Date.now() - stat.mtimeMs,
      () => 0,
    );
    if (age > takeoverStaleMs) await fs.rm(takeover, { force: true });
    return false;
  }
  try {
    const holder = await readOwner(file);
    if (typeof holder === 'object' && (await isAlive(holder))) return false;
    await fs.rm(file, { force: true });
    return await createExclusively(file, owner);
  } finally {
    await fs.rm(takeover, { force: true });
  }
}

async function createExclusively(file: string, owner: LockOwner): Promise<boolean> {
  try {
    await fs.writeFile(file, `${JSON.stringify(owner)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(file, 'lock the run', error);
  }
}

/** The owner may still be writing it: what cannot be read is read again for a second before it counts as torn. */
async function readOwner(file: string): Promise<LockOwner | 'gone' | 'unreadable'> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      const owner = JSON.parse(await fs.readFile(file, 'utf8')) as Partial<LockOwner>;
      if (typeof owner.pid === 'number' && typeof owner.token === 'string') return owner as LockOwner;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
      if (!(error instanceof SyntaxError)) throw fileError(file, 'read it', error);
    }
    await sleep(50);
  }
  return 'unreadable';
}

async function describeThisProcess(): Promise<LockOwner> {
  return {
    pid: process.pid,
    hostname: os.hostname(),
    processStart: await processStart(process.pid),
    lockedAt: new Date().toISOString(),
    token: randomBytes(8).toString('hex'),
  };
}

/**
 * Start time in clock ticks since boot, and the boot's id: field 22 of /proc/PID/stat. Empty where there is no /proc; `ended` for
 * a zombie, which a container whose first process takes no orphans in keeps for good.
 */
async function processStart(pid: number): Promise<string> {
  try {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
    const boot = await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold spaces and brackets
    if (afterName[0] === 'Z' || afterName[0] === 'X') return 'ended';
    return `${boot.trim()}:${afterName[19] ?? ''}`;
  } catch {
    return '';
  }
}
