// The sidecar's life seen from the editor: crashes, restarts, reloads, other windows, no orphans.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { listRuns } from '../../protocol/runs';
import { train, type TrainResult } from '../../protocol/training';
import { SidecarProcess } from '../../src/sidecarProcess';
import { createSidecarClient } from '../../src/sidecarClient';
import {
  command,
  extension,
  isAlive,
  messagesOf,
  registeredZoo,
  root,
  runFolder,
  tinySettings,
  until,
  workspace,
} from './host';

export function lifeSuite(): void {
  const start = (steps: number): Thenable<TrainResult | undefined> =>
    command('rpg.train', { dataset: 'zoo', preset: 'demo', settings: tinySettings(steps, 50) });

  async function runningRun(): Promise<string> {
    const { context } = await extension();
    const run = (): string => context.jobs.all.find(({ training }) => training !== null)?.training?.run ?? '';
    await until('a run trains', () => (context.library.findRun(run())?.step ?? 0) > 3);
    return run();
  }

  describe('life', () => {
    before(registeredZoo);

    it('Stop saves the last step, and Resume goes on to the end', async () => {
      const training = start(400);
      const run = await runningRun();
      await command('rpg.stop', { run });
      assert.equal((await training)?.status, 'stopped');
      const { context } = await extension();
      const stopped = context.library.findRun(run)!;
      assert.equal(stopped.status, 'stopped');
      assert.deepEqual(stopped.snapshots.at(-1), stopped.step);
      const resumed = await command<TrainResult>('rpg.resume', { run });
      assert.equal(resumed.status, 'finished');
      assert.equal(resumed.step, 400);
    });

    it('the row of a run at work follows it, and is drawn again seldom enough to be clicked', async () => {
      const { context, runsTree } = await extension();
      const training = start(100_000);
      const run = await runningRun();
      const row = runsTree.getChildren().find(node => node.kind === 'run' && node.run.id === run);
      assert.ok(row);
      const drawn: { at: number; node: unknown; line: string }[] = [];
      const listener = runsTree.onDidChangeTreeData(node => {
        const line = String(runsTree.getTreeItem(row).description);
        drawn.push({ at: performance.now(), node, line });
      });
      await until('it is drawn three times', () => drawn.length >= 3);
      listener.dispose();
      assert.deepEqual(new Set(drawn.map(({ node }) => node)), new Set([row]), 'no row but its own');
      const [first, second, third] = drawn.map(({ at }) => at);
      assert.ok(second! - first! > 1500 && third! - second! > 1500, String([first, second, third]));
      assert.equal(new Set(drawn.map(({ line }) => line)).size, 3, 'its step is another each time');
      await command('rpg.stop', { run });
      assert.equal((await training)?.status, 'stopped');
      assert.equal(context.library.findRun(run)?.status, 'stopped');
      await command('rpg.removeRun', { run });
    });

    it('a training that is cancelled has lost nothing: its last step is saved', async () => {
      const training = start(100_000);
      const run = await runningRun();
      const { context } = await extension();
      const startedAt = Date.now();
      context.jobs.trainingOf(run)!.cancel();
      const [message] = await messagesOf(async () => assert.equal(await training, undefined));
      console.log(`[test] cancelled in ${Date.now() - startedAt} ms`);
      assert.deepEqual(message?.buttons, ['Resume']);
      const { status, step, snapshots } = context.library.findRun(run)!;
      assert.equal(status, 'stopped');
      assert.ok(step > 3);
      assert.equal(snapshots.at(-1), step);
    });

    it('a second training waits for its turn on the device', async () => {
      const first = start(150);
      await runningRun();
      const second = start(10);
      const { context } = await extension();
      await until('the second waits', () =>
        context.jobs.all.some(({ view }) => view.message.startsWith('waiting for')),
      );
      assert.equal((await first)?.status, 'finished');
      assert.equal((await second)?.status, 'finished');
    });

    it('of several trainings that wait, the one is stopped that is meant', async () => {
      const { context, runsTree } = await extension();
      const first = start(100_000);
      const run = await runningRun();
      const waiting = [start(10), start(11)];
      const rows = () => runsTree.getChildren().filter(({ kind }) => kind === 'preparing');
      await until('two wait', () => rows().length === 2);
      await command('rpg.stop', rows()[1]);
      assert.equal(await waiting[1], undefined);
      assert.equal(rows().length, 1);
      await command('rpg.stop', { run });
      assert.equal((await first)?.status, 'stopped');
      assert.equal((await waiting[0])?.status, 'finished');
      assert.equal(context.jobs.all.length, 0);
    });

    it('a sidecar that crashes is started again, and its run can be resumed', async () => {
      const { context } = await extension();
      const training = start(100_000);
      const run = await runningRun();
      const crashed = context.sidecar.pid!;
      process.kill(crashed, 'SIGKILL');
      assert.equal(await training, undefined); // it said so in a message
      await until('another sidecar', () => context.sidecar.pid !== null && context.sidecar.pid !== crashed);
      await until('the run is interrupted', () => context.library.findRun(run)?.status === 'interrupted');
      assert.equal(isAlive(crashed), false);
      await command('rpg.removeRun', { run });
    });

    it('another window of the same folder sees the run, and the run survives its going away', async () => {
      const { context } = await extension();
      const other = new SidecarProcess({
        script: path.join(root, 'dist', 'sidecar.js'),
        launch: () => ({ nodePath: null, workspace, isTrusted: true }),
        log: () => {},
      });
      const client = createSidecarClient(other);
      const params = { dataset: 'zoo', preset: 'demo', settings: tinySettings(100_000, 50) };
      const seen: string[] = [];
      const training = client
        .call(train, params, { onProgress: ({ run, step }) => (step > 3 ? seen.push(run) : 0) })
        .catch(() => undefined);
      await until('the other window trains', () => seen.length > 0);
      const run = seen[0]!;
      const pid = other.pid!;
      await until('this window shows it live', () => context.library.findRun(run)?.status === 'running');
      assert.equal(context.library.findRun(run)?.pid, pid);
      other.dispose(); // what a reload or a closed window does
      await training;
      await until('its process has ended', () => !isAlive(pid));
      await until('the run is interrupted', () => context.library.findRun(run)?.status === 'interrupted');
      const { step, snapshots } = context.library.findRun(run)!;
      assert.equal(snapshots.at(-1), step, 'its last step was saved');
      await command('rpg.removeRun', { run });
    });

    it('a run of the command line shows up and can be stopped from here', async () => {
      const { context } = await extension();
      const settings = tinySettings(100_000, 50).flatMap(setting => ['--set', setting]);
      const args = [
        path.join(root, 'dist', 'sidecar.js'),
        'train',
        '--dataset',
        'zoo',
        '--preset',
        'demo',
        ...settings,
      ];
      const known = new Set(context.library.runs.map(({ id }) => id));
      const child = spawn(process.execPath, args, {
        cwd: workspace,
        stdio: 'ignore',
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      });
      const ended = new Promise(resolve => child.on('exit', resolve));
      const fresh = () =>
        context.library.runs.find(({ id, status, step }) => !known.has(id) && status === 'running' && step > 0);
      await until('it shows up', () => fresh() !== undefined);
      const { id } = fresh()!;
      await command('rpg.stop', { run: id });
      await ended;
      await until('it is stopped', () => context.library.findRun(id)?.status === 'stopped');
      assert.ok(runFolder(id));
      await command('rpg.removeRun', { run: id });
    });

    it('Restart Sidecar gives a new process, and nothing of the old one stays', async () => {
      const { context } = await extension();
      await context.client.call(listRuns, {});
      const before = context.sidecar.pid!;
      const after = await command<number>('rpg.restartSidecar');
      assert.notEqual(after, before);
      assert.equal(isAlive(before), false);
    });
  });
}
