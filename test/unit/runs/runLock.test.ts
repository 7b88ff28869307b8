import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { lockOwner, lockRun, type LockOwner } from '../../../sidecar/runs/runLock';
import { bundleProgram, startProgram } from '../../support/childProgram';
import { temporaryFolder } from '../../support/folders';

/** A pid that belonged to a process which has ended. */
async function deadPid(folder: string): Promise<number> {
  const script = path.join(folder, 'end.cjs');
  writeFileSync(script, '');
  const { child, outcome } = startProgram(script, []);
  await outcome;
  return child.pid!;
}

function writeLock(folder: string, owner: Partial<LockOwner>): void {
  const all = {
    pid: process.pid,
    hostname: os.hostname(),
    processStart: '',
    lockedAt: '2026-01-01',
    token: 'x',
    ...owner,
  };
  writeFileSync(path.join(folder, 'lock'), JSON.stringify(all));
}

describe('a run lock', () => {
  it('refuses a second trainer, naming the pid of the first, until it is released', async () => {
    const folder = temporaryFolder();
    const lock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(`is being trained by process ${process.pid} since`);
    expect((await lockOwner(folder))?.pid).toBe(process.pid);
    await lock.release();
    expect(await lockOwner(folder)).toBeNull();
    await (await lockRun(folder)).release();
  });

  it('of a process that is gone is taken over', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { pid: await deadPid(folder) });
    expect(await lockOwner(folder)).toBeNull();
    const lock = await lockRun(folder);
    expect(lock.owner.pid).toBe(process.pid);
    await lock.assertHeld();
  });

  it.runIf(process.platform === 'linux')('of a process whose pid another has now is taken over', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { processStart: 'another boot:1' });
    await expect(lockRun(folder)).resolves.toMatchObject({ owner: { pid: process.pid } });
  });

  it.runIf(process.platform === 'linux')(
    'of a process that was killed and never waited for is taken over',
    async () => {
      const folder = temporaryFolder();
      // The shell becomes a program that waits for nobody, so its killed child stays a zombie. The child must live
      // until then: a shell reaps what ends before.
      const parent = spawn('sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
      try {
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(line);
        const stat = (of: number) => readFileSync(`/proc/${of}/stat`, 'utf8');
        while (!stat(parent.pid!).includes('(sleep)')) await sleep(10);
        process.kill(pid, 'SIGKILL');
        while (!stat(pid).includes(') Z ')) await sleep(10);
        writeLock(folder, { pid });
        expect(await lockOwner(folder)).toBeNull();
      } finally {
        parent.kill();
      }
    },
  );

  it('of another machine is believed, and the message says how to remove it', async () => {
    const folder = temporaryFolder();
    writeLock(folder, { hostname: 'elsewhere', pid: 5 });
    await expect(lockRun(folder)).rejects.toThrow(/process 5 on elsewhere .* remove .*lock/);
  });

  it('that a crash tore is taken over', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'lock'), '{"pid": 12');
    await expect(lockRun(folder)).resolves.toMatchObject({ owner: { pid: process.pid } });
  });

  it('that was removed by hand is noticed before anything is written', async () => {
    const folder = temporaryFolder();
    const lock = await lockRun(folder);
    writeLock(folder, { pid: 1 });
    await expect(lock.assertHeld()).rejects.toThrow(/removed or replaced/);
    await lock.release();
    expect(readFileSync(path.join(folder, 'lock'), 'utf8')).toContain('"pid":1'); // not ours to release
  });

  it('is won by exactly one of several processes that find it stale at the same time', async () => {
    const folder = temporaryFolder();
    const script = await bundleProgram(path.join(import.meta.dirname, 'lockContender.ts'), folder);
    writeLock(folder, { pid: await deadPid(folder) });
    const contenders = Array.from({ length: 5 }, () => startProgram(script, [folder, '1500']));
    const outcomes = await Promise.all(contenders.map(contender => contender.outcome));
    const winners = contenders.filter((_, i) => outcomes[i]!.stdout.startsWith('locked'));
    expect(winners).toHaveLength(1);
    const refused = outcomes.filter(outcome => !outcome.stdout.startsWith('locked'));
    for (const { stdout } of refused) expect(stdout).toContain(`trained by process ${winners[0]!.child.pid!} `);
  });
});
