import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openMetricsLog } from '../../../sidecar/runs/metricsLog';
import { lockRun } from '../../../sidecar/runs/runLock';
import {
  createRun,
  findRun,
  listRunIds,
  listRuns,
  readRun,
  slug,
  summarizeRun,
  updateRun,
} from '../../../sidecar/runs/runStore';
import { clearStopRequest, requestStop, stopRequestWatcher } from '../../../sidecar/runs/stopRequest';
import { temporaryFolder } from '../../support/folders';
import { recordOf } from '../../support/runRecords';

const create = (workspace: string, name = 'Zoo of CNNs!') => createRun(workspace, name, id => recordOf(id));

describe('run folders', () => {
  it('have ids that can be read and sorted, and a record from the first moment', async () => {
    const workspace = temporaryFolder();
    const first = await create(workspace);
    const second = await create(workspace, 'b');
    expect([first.record.id, second.record.id]).toEqual(['0001-zoo-of-cnns', '0002-b']);
    expect(await readRun(first.folder)).toEqual(first.record);
    expect(readdirSync(first.folder)).toEqual(['run.json']);
  });

  it('made at the same time get different numbers', async () => {
    const workspace = temporaryFolder();
    const made = await Promise.all(Array.from({ length: 6 }, (_, i) => create(workspace, `n${i}`)));
    const numbers = made.map(({ record }) => record.id.slice(0, 4)).sort();
    expect(numbers).toEqual(['0001', '0002', '0003', '0004', '0005', '0006']);
    expect(await listRunIds(workspace)).toHaveLength(6);
  });

  it('sort by number past 9999', async () => {
    const workspace = temporaryFolder();
    for (const id of ['10000-z', '9999-a']) mkdirSync(path.join(workspace, '.rpg/runs', id), { recursive: true });
    expect(await listRunIds(workspace)).toEqual(['9999-a', '10000-z']);
    expect((await create(workspace)).record.id).toBe('10001-zoo-of-cnns');
  });

  it.each([
    ['Fashion CNN/small', 'fashion-cnn-small'],
    ['../..', 'run'],
    ['数据', 'run'],
  ])('are named safely: %s → %s', (name, expected) => expect(slug(name)).toBe(expected));

  it('are found by id, number, part, path and last', async () => {
    const workspace = temporaryFolder();
    const { folder } = await create(workspace, 'alpha');
    const { folder: other } = await create(workspace, 'beta');
    for (const name of ['0001-alpha', '1', '0001', 'alp', folder]) expect(await findRun(workspace, name)).toBe(folder);
    expect(await findRun(workspace, 'last')).toBe(other);
    await expect(findRun(workspace, 'a')).rejects.toThrow(/fits 2 runs: 0001-alpha, 0002-beta/);
    await expect(findRun(workspace, '0001-alhpa')).rejects.toThrow(/did you mean 0001-alpha/);
    await expect(findRun(temporaryFolder(), 'x')).rejects.toMatchObject({
      code: 'run-not-found',
      remedies: [{ does: 'train' }],
    });
  });
});

describe('the state of a run', () => {
  it('is derived from its lock and record', async () => {
    const workspace = temporaryFolder();
    const { folder } = await create(workspace);
    expect((await summarizeRun(folder)).status).toBe('interrupted');
    const lock = await lockRun(folder);
    expect(await summarizeRun(folder)).toMatchObject({ status: 'running', pid: process.pid });
    await updateRun(folder, { status: 'finished' });
    await lock.release();
    expect(await summarizeRun(folder)).toMatchObject({ status: 'finished', pid: null });
  });

  it('shows the last step and loss, and why it failed', async () => {
    const workspace = temporaryFolder();
    const { folder } = await create(workspace);
    const metrics = openMetricsLog(folder);
    for (const step of [1, 2]) metrics.append({ step, loss: 0.5 / step, learningRate: 1 });
    metrics.close();
    const failure = { code: 'loss-not-finite', message: 'the loss became NaN', step: 2, lastSnapshot: null };
    await updateRun(folder, { status: 'failed', failure });
    expect((await listRuns(workspace))[0]).toMatchObject({
      step: 2,
      loss: 0.25,
      steps: 2000,
      problem: failure.message,
    });
  });

  it('of a newer version is shown but not touched', async () => {
    const workspace = temporaryFolder();
    const { folder } = await create(workspace);
    const file = path.join(folder, 'run.json');
    const newer = readFileSync(file, 'utf8').replace(/"formatVersion": \d+/, '"formatVersion": 99');
    writeFileSync(file, newer);
    expect((await listRuns(workspace))[0]).toMatchObject({
      status: 'unreadable',
      problem: expect.stringMatching(/newer version/) as string,
    });
    await expect(updateRun(folder, { status: 'stopped' })).rejects.toThrow(/run format 99/);
    expect(readFileSync(file, 'utf8')).toBe(newer);
  });

  it.each([
    ['{"formatVersion": 1, "id"', /is not JSON/],
    ['[]', /has no formatVersion/],
    ['{"formatVersion": 1, "id": "x"}', /lacks config/],
  ])('with the damaged record %s is shown with the reason', async (content, reason) => {
    const workspace = temporaryFolder();
    const { folder } = await create(workspace);
    writeFileSync(path.join(folder, 'run.json'), content);
    expect((await listRuns(workspace))[0]!.problem).toMatch(reason);
  });
});

it('a stop request is seen by the trainer until it is cleared', async () => {
  const folder = temporaryFolder();
  expect(stopRequestWatcher(folder)()).toBe(false);
  await requestStop(folder);
  const stopRequested = stopRequestWatcher(folder);
  expect([stopRequested(), stopRequested()]).toEqual([true, true]);
  await clearStopRequest(folder);
  expect(stopRequestWatcher(folder)()).toBe(false);
});
