// Runs made by the version before go on as if that version were still here, and folders that are newer, half written or
// half gone say what they are. The fixture is a whole workspace of version e55e529: four tiny networks; 0001-zoo, stopped
// at step 16 of 40, generated from and evaluated; 0002-finished, whose step 6 was tested beside the training.
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EvaluateRunResult } from '../../protocol/evaluation';
import type { GenerateResult } from '../../protocol/generation';
import type { RunSummary } from '../../protocol/runRecords';
import { atOnce } from '../../sidecar/app/context';
import { runDetails } from '../../sidecar/app/runs/runDetails';
import { rpg } from '../support/cli';
import { earlierWorkspace } from '../support/earlierWorkspace';

const runFolder = (workspace: string, id = '0001-zoo'): string => path.join(workspace, '.rpg', 'runs', id);

async function succeed(args: string[], cwd: string): Promise<string> {
  const result = await rpg(args, { cwd });
  expect([result.code, /error:.*/.exec(result.stderr)?.[0]], args.join(' ')).toEqual([0, undefined]);
  return result.stdout;
}

const listed = async (workspace: string): Promise<RunSummary[]> =>
  JSON.parse(await succeed(['runs', '--json'], workspace)) as RunSummary[];

const detailsOf = (workspace: string, run: string) =>
  runDetails({ run }, { workspace, signal: new AbortController().signal, report: () => undefined, onDevice: atOnce });

describe('a run of the version before', () => {
  it('is listed with what it was', async () => {
    const workspace = earlierWorkspace();
    const common = { problem: null, pid: null, dataset: 'zoo', engine: 'portable', device: 'cpu' };
    expect(await listed(workspace)).toMatchObject([
      { ...common, id: '0001-zoo', status: 'stopped', step: 16, steps: 40, loss: 1.207722544670105, snapshots: [16] },
      { ...common, id: '0002-finished', status: 'finished', step: 12, steps: 12, snapshots: [12] },
    ]);
  });

  it('shows its evaluation, its networks and what its log tells', async () => {
    const workspace = earlierWorkspace();
    const samples = path.join(runFolder(workspace), 'samples', '0001');
    const details = await detailsOf(workspace, '0001-zoo');
    expect(details.evaluation?.record.generated).toBe(samples);
    expect(details.evaluation?.record.generation).toMatchObject({ msPerNetwork: 79, device: 'portable/cpu' });
    expect(details.evaluations.map(({ id }) => id)).toEqual(['0001']);
    expect(details.samples).toMatchObject([
      { folder: samples, title: '0001: 2 by ddim, 2 steps', step: 16, msPerNetwork: 79, peakMemoryBytes: 93413376 },
    ]);
    expect(details.samples[0]!.networks.map(({ file }) => path.basename(file))).toEqual([
      'generated_zoo_001.pth',
      'generated_zoo_002.pth',
    ]);
    expect(details.resources).toEqual({ memoryBytes: 153648, stepsPerSecond: 15.051228749202386, elapsedMs: 1071 });
    expect(details.files.map(file => path.relative(runFolder(workspace), file.path))).toEqual([
      ...['run.json', 'metrics.jsonl', 'log.jsonl', 'samples', 'evaluations', ''],
    ]);
  });

  it('shows the test that was made beside its training', async () => {
    const { duringTraining } = await detailsOf(earlierWorkspace(), '0002-finished');
    expect(duringTraining).toEqual([{ step: 6, accuracy: 0.5, problem: null }]);
  });

  it('resumed has the bits of a run that was never interrupted', async () => {
    const workspace = earlierWorkspace();
    await succeed(['resume', '1'], workspace);
    await succeed(['train', 'tiny.rpg.json', '--device', 'cpu', '--set', 'name=whole'], workspace);
    for (const name of ['metrics.jsonl', 'weights.pth']) {
      const [resumed, whole] = ['0001-zoo', '0003-whole'].map(id =>
        readFileSync(path.join(runFolder(workspace, id), name)),
      );
      expect(resumed!.equals(whole!), name).toBe(true);
    }
    expect((await listed(workspace))[0]).toMatchObject({ status: 'finished', step: 40 });
  });

  it('generates into the next folder, and is evaluated with the next number', async () => {
    const workspace = earlierWorkspace();
    const asked = ['--count', '2', '--seed', '3', '--sampler', 'ddim', '--steps', '2', '--device', 'cpu', '--json'];
    const generated = JSON.parse(await succeed(['generate', '1', ...asked], workspace)) as GenerateResult;
    expect(generated.folder).toBe(path.join(runFolder(workspace), 'samples', '0002'));
    const hashes = (set: string): unknown[] =>
      ['001', '002'].map(number => {
        const file = path.join(runFolder(workspace), 'samples', set, `generated_zoo_${number}.json`);
        return (JSON.parse(readFileSync(file, 'utf8')) as { sha256: string }).sha256;
      });
    expect(hashes('0002')).toEqual(hashes('0001')); // the same seed: the same networks
    const evaluated = JSON.parse(
      await succeed(['evaluate', '1', '--no-test', '--json'], workspace),
    ) as EvaluateRunResult;
    expect(evaluated.file).toBe(path.join(runFolder(workspace), 'evaluations', '0002.json'));
    expect(evaluated.generated).toBe(generated.folder); // the newest
  });
});

describe('a run folder', () => {
  it('of a newer version is shown and never touched', async () => {
    const workspace = earlierWorkspace();
    const record = path.join(runFolder(workspace), 'run.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace('"formatVersion": 1', '"formatVersion": 2'));
    expect((await listed(workspace))[0]).toMatchObject({
      status: 'unreadable',
      problem: expect.stringMatching(/made by a newer version .*run format 2, this one knows 1.*update it/) as string,
    });
    for (const args of [['resume'], ['generate'], ['evaluate', '--no-test']]) {
      const { code, stderr } = await rpg([args[0]!, '1', ...args.slice(1)], { cwd: workspace });
      expect([code, stderr]).toEqual([2, expect.stringContaining('was made by a newer version of this program')]);
    }
  });

  it('with a torn record says that it is damaged, and the others are shown', async () => {
    const workspace = earlierWorkspace();
    const record = path.join(runFolder(workspace), 'run.json');
    writeFileSync(record, readFileSync(record, 'utf8').slice(0, 200));
    const [torn, whole] = await listed(workspace);
    expect([torn!.status, torn!.problem]).toEqual(['unreadable', expect.stringContaining('run.json is not JSON')]);
    expect(whole!.status).toBe('finished');
    const { code, stderr } = await rpg(['resume', '1'], { cwd: workspace });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("restore it from a backup, or remove the run's folder"),
    ]);
  });

  it('with a torn last line in its logs is read up to it', async () => {
    const workspace = earlierWorkspace();
    appendFileSync(path.join(runFolder(workspace), 'log.jsonl'), '{"time":"2026-11-28T03:10:00.000Z","event":"gen');
    appendFileSync(path.join(runFolder(workspace), 'metrics.jsonl'), '{"step":17,"lo');
    expect((await listed(workspace))[0]).toMatchObject({ status: 'stopped', step: 16 });
    expect((await detailsOf(workspace, '0001-zoo')).samples).toHaveLength(1);
  });

  it('whose newest snapshot has no DONE has the one before it, or none', async () => {
    const workspace = earlierWorkspace();
    const state = path.join(runFolder(workspace), 'state');
    cpSync(path.join(state, 'step-00000016'), path.join(state, 'step-00000020'), { recursive: true });
    rmSync(path.join(state, 'step-00000020', 'DONE'));
    expect((await listed(workspace))[0]!.snapshots).toEqual([16]);
    rmSync(path.join(state, 'step-00000016', 'DONE'));
    expect((await listed(workspace))[0]!.snapshots).toEqual([]);
    const { code, stderr } = await rpg(['generate', '1'], { cwd: workspace });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/has no .*snapshot/)]);
  });

  it('that is being made is no run yet', async () => {
    const workspace = earlierWorkspace();
    mkdirSync(runFolder(workspace, '.0003'));
    expect(await listed(workspace)).toHaveLength(2);
  });
});
