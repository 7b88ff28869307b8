// The sidecar's life with programs that behave badly on purpose, and with the real one.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { datasets } from '../../../protocol/datasets';
import { killOrphans, orphanMark } from '../../../src/orphans';
import { createSidecarClient } from '../../../src/sidecarClient';
import { SidecarProcess, type SidecarState } from '../../../src/sidecarProcess';
import { repository, temporaryFolder } from '../../support/folders';

/** Ends with its parent, whatever else it does: a runner that is killed leaves nothing behind. */
const endsWithParent = "process.on('disconnect', () => process.exit(0));";

/** Blocks the event loop, which then hears of no disconnect: it looks for its parent itself. */
const hang = `
for (const parent = process.ppid; process.ppid === parent;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
process.exit(0);`;

/** Answers the handshake, then does as told. */
const helloThen = (then: string, version = 1): string => `
process.on('message', message => {
  if (message.method === 'initialize') {
    process.send({ jsonrpc: '2.0', id: message.id, result: { protocolVersion: ${version}, version: 'x', pid: process.pid, node: process.version, capabilities: {} } });
    return;
  }
  ${then}
});
${endsWithParent}`;

function start(program: string, options: { nodePath?: string; startLimitMs?: number } = {}) {
  const folder = temporaryFolder();
  const script = program.endsWith('.js') ? program : path.join(folder, 'fake.cjs');
  if (script !== program) writeFileSync(script, program);
  const states: SidecarState[] = [];
  const logs: string[] = [];
  const sidecar = new SidecarProcess({
    script,
    launch: () => ({ nodePath: options.nodePath ?? null, workspace: folder, isTrusted: true }),
    log: (level, message) => logs.push(`${level}: ${message}`),
    firstDelayMs: 20,
    startLimitMs: options.startLimitMs,
  });
  sidecar.onChange(state => states.push(state));
  onTestFinished(() => sidecar.stop(2000));
  return { sidecar, client: createSidecarClient(sidecar), states, logs, folder };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition() && Date.now() < deadline;) await sleep(20);
  expect(condition()).toBe(true);
}

describe('a sidecar process', () => {
  it('is not started before it is asked', async () => {
    const { sidecar } = start(helloThen(''));
    await sleep(30);
    expect(sidecar.state.kind).toBe('stopped');
    expect(sidecar.pid).toBeNull();
  });

  it('answers through the real program', async () => {
    const { client } = start(path.join(repository, 'dist', 'sidecar.js'));
    expect(await client.call(datasets, {})).toEqual([]);
    expect((await client.capabilities()).presets.length).toBeGreaterThan(5);
    expect(await client.isAnswering(5000)).toBe(true);
  });

  it('that dies in the middle rejects the request, and is started again', async () => {
    const { client, sidecar, states } = start(helloThen('process.exit(3);'));
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'sidecar-gone', blame: 'internal' });
    await until(() => states.filter(({ kind }) => kind === 'ready').length === 2);
    expect(sidecar.pid).not.toBeNull();
    expect(states.find(({ kind }) => kind === 'crashed')).toMatchObject({ exit: 'exit code 3' });
  });

  it('that keeps crashing is given up after five times, later each time', async () => {
    const { client, states } = start('process.exit(1);');
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'sidecar-gone' });
    await until(() => states.at(-1)?.kind === 'failed');
    const delays = states.flatMap(state => (state.kind === 'crashed' ? [state.retryMs] : []));
    expect(delays).toEqual([20, 40, 80, 160]);
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'sidecar-crashes' });
  });

  it('that speaks another version is refused with both versions', async () => {
    const { client, sidecar } = start(helloThen('', 7));
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'protocol-mismatch', blame: 'user' });
    expect(sidecar.state.kind).toBe('failed');
  });

  it('that never answers the handshake is given up', async () => {
    const { client } = start(`setInterval(() => {}, 1000); ${endsWithParent}`, { startLimitMs: 300 });
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'sidecar-cannot-start' });
  });

  it('that hangs does not answer the heartbeat, and is killed by a restart', async () => {
    const { client, sidecar } = start(helloThen(hang));
    await client.capabilities();
    expect(await client.isAnswering(300)).toBe(false);
    const before = sidecar.pid;
    await sidecar.restart();
    await client.capabilities();
    expect(sidecar.pid).not.toBe(before);
  });

  it('whose Node does not exist names the setting', async () => {
    const { client } = start(helloThen(''), { nodePath: '/no/such/node' });
    await expect(client.call(datasets, {})).rejects.toMatchObject({ code: 'sidecar-cannot-start', blame: 'user' });
  });

  it('may print what it likes', async () => {
    const { client, logs } = start(`console.log('a banner'); console.error('a warning'); ${helloThen('')}`);
    await client.capabilities();
    await until(() => logs.includes('debug: a banner') && logs.includes('warn: a warning'));
  });

  it('is started again by a restart, and the old one has ended', async () => {
    const { client, sidecar } = start(helloThen(''));
    await client.capabilities();
    const before = sidecar.pid;
    await sidecar.restart();
    expect(sidecar.pid).toBeNull();
    await client.capabilities();
    expect(sidecar.pid).not.toBe(before);
  });
});

describe.runIf(process.platform === 'linux')('orphans', () => {
  it('are found by their mark and ended, others are let be', async () => {
    const mark = orphanMark();
    const ours = spawn('sleep', ['60'], { env: { ...process.env, ...mark.env }, detached: true, stdio: 'ignore' });
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void other.kill());
    const ended = new Promise(resolve => ours.once('exit', (_, signal) => resolve(signal)));
    await sleep(100);
    expect(killOrphans(mark, () => {})).toBe(1);
    expect(await ended).toBe('SIGKILL');
    expect(other.exitCode).toBeNull();
  });
});
