// The stream of events about runs and curves, while other hands and other processes change the folders.
import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MetricsTailParams, RunsEvent } from '../../../protocol/runs';
import { atOnce } from '../../../sidecar/app/context';
import { followRuns } from '../../../sidecar/app/runs/followRuns';
import { logEvent } from '../../../sidecar/runs/eventLog';
import { metricsFile } from '../../../sidecar/runs/metricsLog';
import { lockOwner, lockRun } from '../../../sidecar/runs/runLock';
import { createRun, updateRun } from '../../../sidecar/runs/runStore';
import { bundleProgram, startProgram } from '../../support/childProgram';
import { temporaryFolder } from '../../support/folders';
import { recordOf } from '../../support/runRecords';

const makeRun = async (workspace: string, name: string): Promise<string> =>
  (await createRun(workspace, name, id => recordOf(id, 'stopped'))).folder;

const lines = (from: number, to: number, loss = 1): string =>
  Array.from(
    { length: to - from + 1 },
    (_, i) => `${JSON.stringify({ step: from + i, loss: loss / (from + i), learningRate: 1 })}\n`,
  ).join('');

function follow(workspace: string, curves: readonly MetricsTailParams[] = []) {
  const controller = new AbortController();
  const events: RunsEvent[] = [];
  const context = { workspace, signal: controller.signal, onDevice: atOnce };
  const ended = followRuns({ curves }, { ...context, report: event => void events.push(event) });
  onTestFinished(async () => {
    controller.abort();
    await ended;
  });
  const summaryOf = (run: string) =>
    events.findLast(event => event.kind === 'summary' && event.run.id === run) as
      Extract<RunsEvent, { kind: 'summary' }> | undefined; // just looked for
  const tails = () => events.filter(event => event.kind === 'points').map(({ tail }) => tail);
  return { controller, events, ended, summaryOf, tails };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition();) {
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what}`);
    await sleep(20);
  }
}

const isListed = (events: readonly RunsEvent[]) => () => events.some(({ kind }) => kind === 'listed');
const wholeCurve = (run: string): MetricsTailParams => ({ run, fromByte: 0, afterStep: 0 });

describe('following runs', () => {
  it('lists what there is after the first points of every curve, also of an empty one', async () => {
    const workspace = temporaryFolder();
    const [a, b] = [await makeRun(workspace, 'a'), await makeRun(workspace, 'b')];
    writeFileSync(metricsFile(b), lines(1, 3));
    const { events } = follow(workspace, [wholeCurve(path.basename(a)), wholeCurve(path.basename(b))]);
    await until('listed', isListed(events));
    expect(events).toMatchObject([
      { kind: 'points', curve: 0, tail: { steps: [], isRestarted: false } },
      { kind: 'points', curve: 1, tail: { steps: [1, 2, 3] } },
      {
        kind: 'listed',
        runs: [
          { id: '0001-a', step: 0 },
          { id: '0002-b', step: 3, loss: 1 / 3 },
        ],
      },
    ]);
  });

  it('lists none where there is no folder, and tells of the first run', async () => {
    const workspace = temporaryFolder();
    const { events, summaryOf } = follow(workspace);
    await until('listed', isListed(events));
    expect(events).toEqual([{ kind: 'listed', runs: [] }]);
    await makeRun(workspace, 'a');
    await until('it is told', () => summaryOf('0001-a') !== undefined);
    expect(summaryOf('0001-a')!.run.status).toBe('stopped');
  });

  it('follows a run that another process trains: its points, its steps, and its end', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    const script = await bundleProgram('test/unit/app/pretendTrainer.ts', temporaryFolder());
    const { events, summaryOf, tails } = follow(workspace, [wholeCurve('0001-a')]);
    await until('listed', isListed(events));
    const { child, outcome } = startProgram(script, [folder]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await until('it is at work', () => summaryOf('0001-a')?.run.status === 'running');
    expect(summaryOf('0001-a')!.run.pid).toBe(child.pid);
    await until('its steps are told', () => summaryOf('0001-a')!.run.step > 2);
    const { stdout } = await outcome;
    const steps = Number(stdout);
    await until('its end is told', () => summaryOf('0001-a')!.run.status === 'finished');
    expect(summaryOf('0001-a')!.run).toMatchObject({ step: steps, pid: null });
    // Every point once, all of them before the end.
    expect(tails().flatMap(tail => tail.steps)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(tails().length).toBeGreaterThan(2);
    const [end, lastPoints] = [events.indexOf(summaryOf('0001-a')!), events.findLastIndex(e => e.kind === 'points')];
    expect(end).toBeGreaterThan(lastPoints);
  });

  it('goes on at the places it is given, one run in two places', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    writeFileSync(metricsFile(folder), lines(1, 4));
    const fromByte = lines(1, 3).length;
    const { events } = follow(workspace, [{ run: '0001-a', fromByte, afterStep: 3 }, wholeCurve('0001-a')]);
    await until('listed', isListed(events));
    expect(events).toMatchObject([
      { curve: 0, tail: { steps: [4], isRestarted: false, nextByte: lines(1, 4).length } },
      { curve: 1, tail: { steps: [1, 2, 3, 4] } },
      { kind: 'listed' },
    ]);
  });

  it('begins a curve again when a resumed run cut it back, and waits for the rest of a torn line', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    const file = metricsFile(folder);
    writeFileSync(file, lines(1, 6));
    const { events, tails } = follow(workspace, [wholeCurve('0001-a')]);
    await until('listed', isListed(events));
    truncateSync(file, lines(1, 2).length);
    await until('it begins again', () => tails().some(tail => tail.isRestarted));
    expect(tails().at(-1)).toMatchObject({ steps: [1, 2], isRestarted: true });
    const [next] = [lines(3, 3, 0.5)];
    appendFileSync(file, next.slice(0, 9));
    await sleep(900);
    expect(tails()).toHaveLength(2);
    appendFileSync(file, next.slice(9));
    await until('the line is whole', () => tails().length > 2);
    expect(tails().at(-1)).toMatchObject({ steps: [3], loss: [0.5 / 3], isRestarted: false });
  });

  it('sends a long curve in pieces, in order', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    writeFileSync(metricsFile(folder), lines(1, 60_000));
    const { tails } = follow(workspace, [wholeCurve('0001-a')]);
    await until('all of it', () => tails().at(-1)?.hasMore === false);
    const pieces = tails();
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.flatMap(({ steps }) => steps)).toEqual(Array.from({ length: 60_000 }, (_, i) => i + 1));
  });

  it('tells of runs that go, come back, cannot be read, and can be read again', async () => {
    const workspace = temporaryFolder();
    const [a, b] = [await makeRun(workspace, 'a'), await makeRun(workspace, 'b')];
    writeFileSync(metricsFile(a), lines(1, 2));
    const { events, summaryOf, tails } = follow(workspace, [wholeCurve('0001-a')]);
    await until('listed', isListed(events));
    const elsewhere = path.join(workspace, 'elsewhere');
    renameSync(a, elsewhere);
    await until('it is removed', () => events.some(event => event.kind === 'removed' && event.run === '0001-a'));
    renameSync(elsewhere, a);
    await until('it is back', () => summaryOf('0001-a') !== undefined);
    expect(tails()).toHaveLength(1); // its points are known
    const record = path.join(b, 'run.json');
    writeFileSync(record, '{ "formatVersion": 99 }');
    logEvent(b, { event: 'stopped', step: 1, by: 'request' });
    await until('it cannot be read', () => summaryOf('0002-b')?.run.status === 'unreadable');
    expect(summaryOf('0002-b')!.run.problem).toMatch(/newer version/);
    writeFileSync(record, JSON.stringify(recordOf('0002-b', 'stopped'))); // mended in place
    await until('it can be read', () => summaryOf('0002-b')?.run.status === 'stopped');
    rmSync(path.join(workspace, '.rpg'), { recursive: true });
    await until('all are gone', () => events.filter(({ kind }) => kind === 'removed').length === 3);
  });

  it('says nothing of what did not change, and what was changed in place as soon as it is logged', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    const { events, summaryOf } = follow(workspace);
    await until('listed', isListed(events));
    await sleep(3000);
    expect(events).toHaveLength(1);
    mkdirSync(path.join(folder, 'evaluations'), { recursive: true });
    logEvent(folder, { event: 'evaluated', file: 'x', generated: 'y' });
    await until('it is told', () => summaryOf('0001-a') !== undefined);
    const [{ runs }] = events as [Extract<RunsEvent, { kind: 'listed' }>];
    expect(summaryOf('0001-a')!.run.revision).not.toBe(runs[0]!.revision);
    expect({ ...summaryOf('0001-a')!.run, revision: '' }).toEqual({ ...runs[0]!, revision: '' });
  });

  it('sees what was removed by hand when it is asked again', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    mkdirSync(path.join(folder, 'samples', 'one'), { recursive: true });
    const first = follow(workspace);
    await until('listed', isListed(first.events));
    await sleep(2500); // what rests is known by its times
    first.controller.abort();
    await first.ended;
    rmSync(path.join(folder, 'samples', 'one'), { recursive: true });
    const second = follow(workspace);
    await until('listed again', isListed(second.events));
    const revisions = [first, second].map(({ events }) =>
      events.flatMap(event => (event.kind === 'listed' ? event.runs.map(({ revision }) => revision) : [])),
    );
    expect(revisions[0]).not.toEqual(revisions[1]);
  });

  it('notices a trainer that was killed, and one that goes on', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    await updateRun(folder, { status: 'running' });
    const lock = await lockRun(folder);
    const { events, summaryOf } = follow(workspace);
    await until('listed', isListed(events));
    expect(events[0]).toMatchObject({ runs: [{ status: 'running', pid: process.pid }] });
    const file = path.join(folder, 'lock');
    writeFileSync(file, JSON.stringify({ ...lock.owner, processStart: 'another boot:1' })); // in place: its pid lives, the process does not
    await until('it is interrupted', () => summaryOf('0001-a')?.run.status === 'interrupted');
    rmSync(file);
    const again = await lockRun(folder);
    await until('it runs again', () => summaryOf('0001-a')?.run.status === 'running');
    await again.release();
  });

  it('passes over what is no run', async () => {
    const workspace = temporaryFolder();
    const outside = path.join(workspace, 'outside');
    mkdirSync(outside);
    writeFileSync(metricsFile(outside), lines(1, 2));
    const { events } = follow(workspace, ['../../outside', 'last', '', '0001-x/../../../outside'].map(wholeCurve));
    await until('listed', isListed(events));
    expect(events).toEqual([{ kind: 'listed', runs: [] }]);
  });

  it('ends at once when it is cancelled, whatever it waits for', async () => {
    const workspace = temporaryFolder();
    const folder = await makeRun(workspace, 'a');
    writeFileSync(path.join(folder, 'lock'), '{ torn'); // is read again for a second
    const { controller, events, ended } = follow(workspace);
    await sleep(100);
    expect(events).toEqual([]);
    controller.abort();
    const reading = lockOwner(folder).then(() => 'the lock was read'); // takes that second
    expect(await Promise.race([ended, reading])).toBeNull();
    const cancelled = new AbortController();
    cancelled.abort();
    const context = { workspace, signal: cancelled.signal, onDevice: atOnce, report: () => undefined };
    expect(await followRuns({ curves: [wholeCurve('0001-a')] }, context)).toBeNull();
  });
});
