// Training as a person meets it: the built command line, real processes, the real engine, a tiny zoo.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord, RunSummary } from '../../protocol/runRecords';
import type { EvaluateRunResult } from '../../protocol/evaluation';
import type { GenerateResult } from '../../protocol/generation';
import type { RunEstimate, TrainResult } from '../../protocol/training';
import { openCheckpoint, selectDictionary } from '../../sidecar/checkpoint/registry';
import { tensorFromBytes } from '../../sidecar/checkpoint/tensor';
import { torchZip } from '../../sidecar/checkpoint/torchZip';
import { rpg, type CliResult } from '../support/cli';
import { repository, temporaryFolder } from '../support/folders';
import {
  makeTrainingWorkspace,
  tinyNetwork,
  writeTinyNetwork,
  type TrainingWorkspace,
} from '../support/trainingWorkspace';

const device = process.env.RPG_TEST_DEVICE ?? 'wasm';

async function workspaceWith(config?: Record<string, unknown>, nCheckpoints?: number): Promise<TrainingWorkspace> {
  const workspace = await makeTrainingWorkspace(temporaryFolder(), { config, nCheckpoints });
  expect((await rpg(['register', 'zoo'], { cwd: workspace.folder })).code).toBe(0);
  return workspace;
}

/** A test command that finds every network equally good. */
const accuracyOfHalf = `${process.execPath} -e "console.log('Acc: 0.5')"`;

const start = ['train', 'tiny.rpg.json', '--device', device, '--workers', '2'];

/** Runs to the end; fails the test with the program's own words. */
async function succeed(args: string[], { folder }: TrainingWorkspace): Promise<CliResult> {
  const result = await rpg(args, { cwd: folder });
  expect(result.stderr + result.stdout, args.join(' ')).not.toMatch(/error:/);
  expect(result.code).toBe(0);
  return result;
}

const runFolder = (workspace: TrainingWorkspace, id = '0001-zoo') => path.join(workspace.folder, '.rpg', 'runs', id);
const stepsDone = (folder: string) =>
  existsSync(path.join(folder, 'metrics.jsonl'))
    ? readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').split('\n').length - 1
    : 0;
const samplesOf = (workspace: TrainingWorkspace) =>
  existsSync(path.join(runFolder(workspace), 'samples')) ? readdirSync(path.join(runFolder(workspace), 'samples')) : [];
const runs = async ({ folder }: TrainingWorkspace) =>
  JSON.parse((await rpg(['runs', '--json'], { cwd: folder })).stdout) as RunSummary[];

/** The two files that must not depend on how often a run was interrupted. */
function resultOf(folder: string): { metrics: string; weights: Buffer } {
  const metrics = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8');
  return { metrics, weights: readFileSync(path.join(folder, 'weights.pth')) };
}

function spawnRpg(args: string[], { folder }: TrainingWorkspace) {
  const child = spawn(process.execPath, [path.join(repository, 'dist', 'sidecar.js'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = new Promise<{ code: number | null; stderr: string; stdout: string }>(resolve => {
    child.on('close', code => resolve({ code, stderr, stdout }));
  });
  return { child, ended };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}

/** A finished run that tests only read from, made once. */
let finished: TrainingWorkspace;
beforeAll(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rpg-finished-'));
  finished = await makeTrainingWorkspace(folder);
  await succeed(['register', 'zoo'], finished);
  await succeed(start, finished);
});
afterAll(() => rmSync(finished.folder, { recursive: true, force: true }));

describe('a run', () => {
  it('killed at random moments and resumed has the metrics and weights of an uninterrupted one', async () => {
    const long = { training: { steps: 150, saveEvery: 20 } };
    const whole = await workspaceWith(long);
    await succeed(start, whole);
    const interrupted = await workspaceWith(long);
    const killedAt: number[] = [];
    let args = start;
    for (let attempt = 0; attempt < 3; attempt++) {
      const { child, ended } = spawnRpg(args, interrupted);
      const target = stepsDone(runFolder(interrupted)) + 1 + Math.floor(Math.random() * 45);
      await until(() => stepsDone(runFolder(interrupted)) >= target || child.exitCode !== null, `step ${target}`);
      child.kill('SIGKILL');
      await ended;
      killedAt.push(stepsDone(runFolder(interrupted)));
      args = ['resume', 'last'];
    }
    expect((await runs(interrupted))[0]).toMatchObject({ status: 'interrupted', pid: null });
    await succeed(args, interrupted);
    const expected = resultOf(runFolder(whole));
    const found = resultOf(runFolder(interrupted));
    expect(found.metrics, `killed after steps ${killedAt.join(', ')}`).toBe(expected.metrics);
    expect(found.weights.equals(expected.weights), `killed after steps ${killedAt.join(', ')}`).toBe(true);
    expect(expected.metrics.trimEnd().split('\n')).toHaveLength(150);
  });

  it('stopped by Ctrl-C saves a snapshot, exits with 130 and can be resumed', async () => {
    const workspace = await workspaceWith({ training: { steps: 100_000, saveEvery: 50_000 } });
    const { child, ended } = spawnRpg(start, workspace);
    await until(() => stepsDone(runFolder(workspace)) > 3, 'a few steps');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([
      130,
      expect.stringMatching(/stopped 0001-zoo after step \d+; go on with: rpg resume 0001-zoo/),
    ]);
    const [run] = await runs(workspace);
    expect(run).toMatchObject({ status: 'stopped', pid: null, snapshots: [run!.step] });
  });

  it('resumed on another device says that its last digits differ', async () => {
    const workspace = await workspaceWith({ training: { steps: 100_000, saveEvery: 50_000 } });
    const log = path.join(runFolder(workspace), 'log.jsonl');
    for (const args of [start, ['resume', 'last', '--device', 'cpu']]) {
      const before = stepsDone(runFolder(workspace));
      const { child, ended } = spawnRpg(args, workspace);
      await until(() => stepsDone(runFolder(workspace)) > before + 3 || child.exitCode !== null, 'a few steps');
      child.kill('SIGINT');
      const { stderr } = await ended;
      const isSaid = /begun on portable engine, .*; goes on on .*, whose results differ/.test(stderr);
      expect([isSaid, readFileSync(log, 'utf8').includes('"engine-changed"')]).toEqual([
        args !== start,
        args !== start,
      ]);
    }
  });

  it('is stopped from another process, which a second trainer cannot join', async () => {
    const workspace = await workspaceWith({ training: { steps: 100_000, saveEvery: 50_000 } });
    const { child, ended } = spawnRpg([...start, '--json'], workspace);
    await until(() => stepsDone(runFolder(workspace)) > 3, 'a few steps');
    const second = await rpg(['resume', '1'], { cwd: workspace.folder });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`0001-zoo is being trained by process ${child.pid!} since`);
    const stop = await rpg(['stop', '0001', '--json'], { cwd: workspace.folder });
    expect(JSON.parse(stop.stdout)).toEqual({ run: '0001-zoo', pid: child.pid, isStopped: true });
    const { code, stdout } = await ended;
    expect([code, (JSON.parse(stdout) as TrainResult).status]).toEqual([0, 'stopped']);
    const again = await rpg(['stop', 'last'], { cwd: workspace.folder });
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is not being trained (it is stopped)')]);
  });

  it('records what is needed to do it again', async () => {
    const workspace = finished;
    const record = JSON.parse(readFileSync(path.join(runFolder(workspace), 'run.json'), 'utf8')) as RunRecord;
    expect(record).toMatchObject({
      formatVersion: 1,
      id: '0001-zoo',
      status: 'finished',
      workers: 2,
      dataset: { name: 'zoo', nCheckpoints: 3, nWeights: 24, nTokens: 5 },
      engine: { engine: 'portable', device },
      config: { seed: 11, name: 'zoo', training: { steps: 12, precision: 'float32' } },
    });
    expect(record.dataset.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(path.join(runFolder(workspace), 'state'))).toEqual(
      ['05', '10', '12'].map(step => `step-000000${step}`),
    );
    const again = await rpg(['resume', '1'], { cwd: workspace.folder });
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is finished')]);
  });

  it('that diverges stops with step, learning rate and the last good snapshot', async () => {
    const workspace = await workspaceWith({
      training: { learningRate: 10, schedule: 'constant', steps: 400, saveEvery: 1 },
    });
    writeFileSync(
      workspace.config,
      readFileSync(workspace.config, 'utf8').replace(
        '"learningRate":10',
        '"learningRate":10,"epsilon":1e-30,"beta2":0',
      ),
    );
    const { code, stderr } = await rpg([...start, '--set', 'diffusion.betaEnd=0.9'], { cwd: workspace.folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/(the loss became|holds NaN or infinite weights after step)/);
    const [run] = await runs(workspace);
    expect(run).toMatchObject({ status: 'failed', pid: null });
    expect(run!.problem).toMatch(/learningRate/);
  });

  it('of one checkpoint learns that one, and fewer checkpoints than the batch are taken several times', async () => {
    const workspace = await workspaceWith({ training: { batchSize: 3 } }, 1);
    const { stdout } = await succeed(start, workspace);
    expect(stdout).toContain('Note: the only checkpoint is taken several times in a batch of 3');
    expect((await runs(workspace))[0]).toMatchObject({ status: 'finished', step: 12 });
  });

  it('generates and tests from its snapshots beside the training', async () => {
    const workspace = await workspaceWith({ training: { evaluateEvery: 5 } });
    await succeed(start, workspace);
    const evaluations = readdirSync(path.join(runFolder(workspace), 'evaluations'));
    expect(evaluations).toContain('step-00000005.json');
    const samples = path.join(runFolder(workspace), 'samples', 'step-00000005');
    expect(readdirSync(samples).sort()).toEqual(['generated_zoo_001.json', 'generated_zoo_001.pth']);

    const judged = ['--count', '2', '--networks-per-baseline', '0', '--midpoints', '0', '--json'];
    const { stdout } = await succeed(['evaluate', '1', '--test', accuracyOfHalf, ...judged], workspace);
    const { generated } = JSON.parse(stdout) as EvaluateRunResult; // new ones, of the last step
    expect(generated).toBe(path.join(runFolder(workspace), 'samples', '0001'));
  });
});

describe('weights', () => {
  it('are saved under the published names, sharing storage, and begin another run', async () => {
    const workspace = finished;
    const weights = path.join(runFolder(workspace), 'weights.pth');
    const checkpoint = openCheckpoint(weights);
    const tensors = new Map(checkpoint.dictionaries[0]!.tensors.map(tensor => [tensor.name, tensor]));
    const [net, twin] = ['criteria.net', 'criteria.diffusion_sampler.model'].map(prefix =>
      tensors.get(`${prefix}.encoder_list.0.0.weight`),
    );
    expect(twin!.storage).toBe(net!.storage);
    checkpoint.dispose();

    await succeed([...start, '--init', weights], workspace);
    const second = runFolder(workspace, '0002-zoo');
    const record = JSON.parse(readFileSync(path.join(second, 'run.json'), 'utf8')) as RunRecord;
    expect(record).toMatchObject({ parent: '0001-zoo', init: { path: weights } });
    const firstLoss = (folder: string) => readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').split('\n')[0];
    expect(firstLoss(second)).not.toBe(firstLoss(runFolder(workspace)));

    const exported = path.join(workspace.folder, 'weights.pth'); // an archive carries its own name
    await succeed(['export', '1', exported], workspace);
    expect(readFileSync(exported).equals(readFileSync(weights))).toBe(true);
    expect((await rpg(['export', '1', exported], { cwd: workspace.folder })).code).toBe(2);
    const other = await rpg(['export', '1', 'exported.safetensors'], { cwd: workspace.folder });
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('use one of .pth, .pt, .bin')]);
  });

  it('may be called as DataParallel and torch.compile call them', async () => {
    const workspace = finished;
    const checkpoint = openCheckpoint(path.join(runFolder(workspace), 'weights.pth'));
    const tensors = selectDictionary(checkpoint).tensors.map((tensor, i) => ({
      ...tensor,
      name: `${i % 2 ? 'module.' : 'module._orig_mod.'}${tensor.name}`,
    }));
    const wrapped = path.join(temporaryFolder(), 'wrapped.pth');
    await torchZip.write!(wrapped, { dictionary: { key: '', tensors, moduleVersions: null }, attributes: new Map() });
    checkpoint.dispose();
    const continued = await makeTrainingWorkspace(temporaryFolder());
    await succeed(['register', 'zoo'], continued);
    const once = [...start, '--set', 'training.steps=1', '--set', 'training.learningRate=1e-30'];
    await succeed([...once, '--init', wrapped], continued);
    await succeed([...once, '--init', path.join(runFolder(workspace), 'weights.pth')], continued);
    const weightsOf = (id: string) => readFileSync(path.join(runFolder(continued, id), 'weights.pth'));
    expect(weightsOf('0001-zoo').equals(weightsOf('0002-zoo'))).toBe(true);
  });

  it('of another model are refused, naming the file and what differs', async () => {
    const workspace = finished;
    const before = await runs(workspace);
    const weights = path.join(runFolder(workspace), 'weights.pth');
    const { code, stderr } = await rpg([...start, '--init', weights, '--set', 'recurrent.dState=8'], {
      cwd: workspace.folder,
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining('model.mamba_forward.0')]);
    expect(stderr).toContain(`${weights} does not hold weights of this model`);
    expect(await runs(workspace)).toEqual(before); // nothing was written
  });
});

describe('before anything is written', () => {
  it('all problems of a configuration are told at once', async () => {
    const workspace = await workspaceWith({ training: { batchSize: 0, stepz: 1 }, dataset: 'nozoo' });
    const { code, stderr } = await rpg(['train', 'tiny.rpg.json', '--set', 'seed=x'], { cwd: workspace.folder });
    expect(code).toBe(2);
    for (const part of [
      '4 problems',
      'training.batchSize',
      'did you mean training.steps?',
      'seed (setting)',
      'nozoo',
    ]) {
      expect(stderr).toContain(part);
    }
    expect(await runs(workspace)).toEqual([]);
  });

  it('a count of no workers is refused', async () => {
    const { code, stderr } = await rpg([...start, '--workers', '0'], { cwd: finished.folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining('0 workers train nothing; give at least 1')]);
  });

  it('a file that is not JSON is told with line and column', async () => {
    const workspace = await workspaceWith();
    writeFileSync(workspace.config, '{\n  "preset": demo\n}');
    const { code, stderr } = await rpg(['train', 'tiny.rpg.json'], { cwd: workspace.folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining('tiny.rpg.json:2:13: is not JSON')]);
  });

  it('a dataset that changed since it was registered is refused, with what changed, or accepted', async () => {
    const workspace = await workspaceWith();
    await sleep(20);
    await writeTinyNetwork(path.join(workspace.zoo, 'checkpoint', 'net_1.pth'), 77);
    const { code, stderr } = await rpg(start, { cwd: workspace.folder });
    expect(code).toBe(2);
    expect(stderr).toContain('net_1.pth');
    expect(stderr).toContain('--accept-changed');
    await succeed([...start, '--accept-changed'], workspace);
  });

  it('weights that are not numbers are told when registered and when trained, and left out', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder(), {
      write: async (file, index) => {
        const dictionary = tinyNetwork(index);
        const values = new Float32Array(15).fill(0.5);
        if (index === 1) values.set([NaN, Infinity, -Infinity]);
        const broken = tensorFromBytes('conv.weight', 'float32', [3, 5], new Uint8Array(values.buffer));
        const tensors = [broken, ...dictionary.tensors.slice(1)];
        await torchZip.write!(file, { dictionary: { ...dictionary, tensors }, attributes: new Map() });
      },
    });
    const registered = await succeed(['register', 'zoo'], workspace);
    expect(registered.stdout).toContain('1 of 3 checkpoints hold some: net_1.pth (3)');
    const trained = await succeed(start, workspace);
    expect(trained.stdout).toContain('Note: 3 weights of the 3 checkpoints are NaN or infinite and were left out');
    const losses = readFileSync(path.join(runFolder(workspace), 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(losses.map(line => Number.isFinite((JSON.parse(line) as { loss: number }).loss))).toEqual(
      Array(12).fill(true),
    );
  });

  it('the command it is registered with again keeps its test', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder());
    const test = `node -e "console.log('Acc: 0.5')"`;
    expect((await rpg(['register', 'zoo', '--test', test], { cwd: workspace.folder })).code).toBe(0);
    await writeTinyNetwork(path.join(workspace.zoo, 'checkpoint', 'net_1.pth'), 77);
    const { stderr } = await rpg(start, { cwd: workspace.folder });
    const [, command] = /register it again \(rpg (.*--replace)\)/.exec(stderr)!;
    const words = spawnSync('sh', ['-c', `printf '%s\\n' ${command!}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    expect(words).toEqual(['register', workspace.zoo, '--name', 'zoo', '--test', test, '--replace']);
  });

  it('a dataset that changed since the run began is refused by resume', async () => {
    const workspace = await workspaceWith({ training: { steps: 100_000, saveEvery: 50_000 } });
    const { child, ended } = spawnRpg(start, workspace);
    await until(() => stepsDone(runFolder(workspace)) > 3, 'a few steps');
    child.kill('SIGINT');
    await ended;
    rmSync(path.join(workspace.zoo, 'checkpoint', 'net_2.pth'));
    const { code, stderr } = await rpg(['resume', 'last', '--accept-changed'], { cwd: workspace.folder });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/net_2.pth is gone; put the missing files back/)]);
  });

  it('a model larger than the memory is refused with its estimate', async () => {
    const workspace = await workspaceWith();
    const huge = [
      '--set',
      'recurrent.dModel=65536',
      '--set',
      'recurrent.nLayers=8',
      '--set',
      'tokens.dimPerToken=65536',
    ];
    const { code, stderr } = await rpg([...start, ...huge], { cwd: workspace.folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/training needs about [\d.]+ GB of memory.*free; lower .*or go on with --force/);
  });
});

it('rpg train --estimate tells memory and time and starts nothing', async () => {
  const before = await runs(finished);
  const { stdout } = await succeed([...start, '--estimate', '--json'], finished);
  const estimate = JSON.parse(stdout) as RunEstimate;
  expect(estimate).toMatchObject({ device, workers: 2, nTokens: 5, fits: true, config: { training: { steps: 12 } } });
  expect(estimate.totalMs).toBeCloseTo(12 * estimate.msPerStep!, 6);
  expect(estimate.msPerStep).toBeGreaterThan(0);
  expect(await runs(finished)).toEqual(before);
});

describe('rpg generate', () => {
  it('writes networks like the training ones, each with what made it, and the same again from the same seed', async () => {
    const workspace = finished;
    const args = ['generate', '1', '--count', '2', '--seed', '5', '--device', device];
    await succeed([...args, '--out', 'first'], workspace);
    await succeed([...args, '--out', 'second'], workspace);
    const names = [
      'generated_zoo_001.json',
      'generated_zoo_001.pth',
      'generated_zoo_002.json',
      'generated_zoo_002.pth',
    ];
    expect(readdirSync(path.join(workspace.folder, 'first')).sort()).toEqual(names);
    const read = (folder: string, name: string) => readFileSync(path.join(workspace.folder, folder, name));
    for (const name of names) expect(read('first', name).equals(read('second', name)), name).toBe(true);
    expect(read('first', names[1]!).equals(read('first', names[3]!))).toBe(false);

    expect(JSON.parse(read('first', names[2]!).toString())).toMatchObject({
      file: 'generated_zoo_002.pth',
      run: '0001-zoo',
      step: 12,
      seed: 5,
      networkIndex: 1,
      sampler: { kind: 'ddpm', steps: 8 },
      nNotFinite: 0,
    });
    const describeTensors = (file: string) => {
      const checkpoint = openCheckpoint(file);
      const { tensors } = checkpoint.dictionaries[0]!;
      checkpoint.dispose();
      return tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
    };
    const original = path.join(workspace.zoo, 'checkpoint', 'net_0.pth');
    expect(describeTensors(path.join(workspace.folder, 'first', names[1]!))).toEqual(describeTensors(original));
  });

  it('never replaces a file unless asked to', async () => {
    const workspace = finished;
    const args = ['generate', '1', '--out', 'here', '--device', device];
    await succeed(args, workspace);
    const before = readFileSync(path.join(workspace.folder, 'here', 'generated_zoo_001.pth'));
    const refused = await rpg(args, { cwd: workspace.folder });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('exists already')]);
    expect(readFileSync(path.join(workspace.folder, 'here', 'generated_zoo_001.pth')).equals(before)).toBe(true);
    await succeed([...args, '--force'], workspace);
    expect(readFileSync(path.join(workspace.folder, 'here', 'generated_zoo_001.pth')).equals(before)).toBe(false);
  });

  it('takes DDIM, a permutation state, another format and an older snapshot', async () => {
    const workspace = finished;
    const args = [
      'generate',
      '1',
      '--sampler',
      'ddim',
      '--steps',
      '4',
      '--spacing',
      'even',
      '--eta',
      '0',
      '--permutation',
      '2',
    ];
    const result = await succeed(
      [...args, '--format', 'safetensors', '--snapshot', '5', '--json', '--device', device],
      workspace,
    );
    const { networks, folder } = JSON.parse(result.stdout) as { networks: { record: unknown }[]; folder: string };
    expect(networks[0]!.record).toMatchObject({
      file: 'generated_zoo_001.safetensors',
      step: 5,
      permutationState: 2,
      sampler: { kind: 'ddim', steps: 4, spacing: 'even', eta: 0 },
    });
    expect(folder).toBe(path.join(runFolder(workspace), 'samples', '0001'));
  });

  it.each([
    [['--permutation', '3'], /give 0 to 2, or random/],
    [['--class', '1'], /for task-conditioned runs/],
    [['--snapshot', '7'], /no good snapshot of step 7; it has 5, 10, 12/],
    [['--sampler', 'ddim', '--steps', '9'], /does not fit a schedule of 8/],
    [['--steps', '5'], /steps is for DDIM, and DDPM always takes all 8 steps; choose the sampler ddim/],
    [['--tag', '../mine'], /tag ..\/mine is not part of a file name/],
    [['--device', 'abacus'], /no device auto\/abacus/],
    [['--token-slice', '3', '--device', 'cpu'], /leave out the token slice/],
    [['--count', '0'], /not a whole number from 1/],
  ])('refuses %j', async (extra, message) => {
    const workspace = finished;
    const before = samplesOf(workspace);
    const { code, stderr } = await rpg(['generate', '1', ...extra], { cwd: workspace.folder });
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(samplesOf(workspace)).toEqual(before);
  });

  it('generates for classes, named by them, from a task-conditioned run', async () => {
    const folder = temporaryFolder();
    const config = { condition: { kind: 'taskFull', taskBits: 4, dCondition: 6 }, recurrent: { dModel: [32] } };
    const nameOf = (index: number) => `net_class${String(index * 5).padStart(4, '0')}.pth`;
    const workspace = await makeTrainingWorkspace(folder, { config, nameOf });
    await succeed(['register', 'zoo'], workspace);
    await succeed(start, workspace);
    const refused = await rpg(['generate', '1'], { cwd: folder });
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('give one or more classes from 0 to 15'),
    ]);
    const unjudged = await rpg(['evaluate', '1', '--no-test'], { cwd: folder });
    expect([unjudged.code, unjudged.stderr]).toEqual([2, expect.stringContaining('rpg generate 0001-zoo --class')]);
    await succeed(['generate', '1', '--class', '3,12', '--out', 'out', '--device', device], workspace);
    expect(
      readdirSync(path.join(folder, 'out'))
        .filter(name => name.endsWith('.pth'))
        .sort(),
    ).toEqual(['generated_zoo_class0003.pth', 'generated_zoo_class0012.pth']);
  });

  it('says what is missing when the first checkpoint is gone', async () => {
    const template = path.join(finished.zoo, 'checkpoint', 'net_0.pth');
    renameSync(template, `${template}.away`);
    const { code, stderr } = await rpg(['generate', '1'], { cwd: finished.folder });
    renameSync(`${template}.away`, template);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/net_0.pth is gone.*put it back/)]);
  });

  it("tests each network with the dataset's test, and tells of each that failed", async () => {
    const script = "console.log(process.argv.at(-1).includes('_002') ? 'nothing to say' : 'Loss: 0.5 | Acc: 0.875')";
    writeFileSync(path.join(finished.folder, 'test.cjs'), script);
    const command = `${process.execPath} ${path.join(finished.folder, 'test.cjs')} {file}`;
    await succeed(['register', 'zoo', '--test', command, '--replace'], finished);
    const { stdout } = await succeed(
      ['generate', '1', '--count', '2', '--test', '--json', '--device', device],
      finished,
    );
    const { networks } = JSON.parse(stdout) as GenerateResult;
    expect(networks[0]!.test).toEqual({ accuracy: 0.875, loss: 0.5, problem: null });
    expect(networks[1]!.test).toMatchObject({
      accuracy: null,
      problem: expect.stringContaining('printed no accuracy') as string,
    });
  });

  it('tests with the time limit and the accuracy pattern it is given', async () => {
    const script = "console.log('score 0.625'); if (process.argv.at(-1).includes('_002')) setInterval(() => {}, 1000)";
    writeFileSync(path.join(finished.folder, 'slow.cjs'), script);
    const command = `${process.execPath} ${path.join(finished.folder, 'slow.cjs')} {file}`;
    await succeed(['register', 'zoo', '--test', command, '--replace'], finished);
    const how = ['--time-limit', '8', '--accuracy-pattern', 'score ([0-9.]+)', '--device', device];
    const { stdout } = await succeed(['generate', '1', '--count', '2', '--test', '--json', ...how], finished);
    const { networks } = JSON.parse(stdout) as GenerateResult;
    expect(networks[0]!.test).toMatchObject({ accuracy: 0.625, problem: null });
    expect(networks[1]!.test!.problem).toContain('it took longer than 8 s');
  });

  it('takes the accuracy pattern that was registered with the test, and keeps it when the dataset is replaced', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder(), { config: { training: { evaluateEvery: 12 } } });
    const register = ['register', 'zoo', '--replace', '--test', `${process.execPath} -e "console.log('score 0.625')"`];
    await succeed([...register, '--accuracy-pattern', 'score ([0-9.]+)'], workspace);
    await succeed(register, workspace);
    await succeed(start, workspace);
    const beside = path.join(runFolder(workspace), 'evaluations', 'step-00000012.json');
    expect(readFileSync(beside, 'utf8')).toContain('"accuracy":0.625');
    const generated = await succeed(['generate', '1', '--test', '--json', '--device', device], workspace);
    expect((JSON.parse(generated.stdout) as GenerateResult).networks[0]!.test!.accuracy).toBe(0.625);
    const few = ['--networks-per-baseline', '0', '--midpoints', '0'];
    const { stdout } = await succeed(['evaluate', '1', ...few, '--json'], workspace);
    const { evaluation } = JSON.parse(stdout) as EvaluateRunResult;
    expect(evaluation.networks.map(network => network.accuracy)).toEqual(Array(4).fill(0.625));
    const bad = await rpg([...register, '--accuracy-pattern', 'score'], { cwd: workspace.folder });
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('has no group')]);
  });

  it('leaves no empty folder where nothing could be generated', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder());
    await succeed(['register', 'zoo'], workspace);
    await succeed(start, workspace);
    // A template of another shape is noticed only when the first network is written.
    const other = tensorFromBytes('conv.weight', 'float32', [1], new Uint8Array(4));
    const dictionary = { key: '', tensors: [other], moduleVersions: null };
    const template = path.join(workspace.zoo, 'checkpoint', 'net_0.pth');
    await torchZip.write!(template, { dictionary, attributes: new Map() });
    const { code, stderr } = await rpg(['generate', '1', '--device', device], { cwd: workspace.folder });
    expect([code, stderr]).toEqual([2, expect.stringContaining('net_0.pth')]);
    expect(samplesOf(workspace)).toEqual([]);
  });
});

it('rpg evaluate knows what it took to generate the folder it is given', async () => {
  const { folder } = finished;
  await succeed(['generate', '1', '--out', 'judged', '--device', device], finished);
  const few = ['--networks-per-baseline', '0', '--midpoints', '0'];
  const args = ['evaluate', '1', '--generated', 'judged', '--test', accuracyOfHalf, ...few, '--json'];
  const record = JSON.parse((await succeed(args, finished)).stdout) as EvaluateRunResult;
  expect(record).toMatchObject({
    generated: path.join(folder, 'judged'),
    generation: { msPerNetwork: expect.any(Number) as number },
  });
});

it('rpg evaluate --no-test compares weights where a test is registered or none is known', async () => {
  await succeed(['generate', '1', '--out', 'untested', '--device', device], finished);
  const args = ['evaluate', '1', '--generated', 'untested', '--no-test', '--networks-per-baseline', '0', '--json'];
  const { evaluation } = JSON.parse((await succeed(args, finished)).stdout) as EvaluateRunResult;
  expect(evaluation.test.kind).toBe('none');
  expect(evaluation.rows.map(({ accuracy, nearestDistance }) => [accuracy, typeof nearestDistance])).toEqual([
    [null, 'number'],
    [null, 'number'],
  ]);
});

it('rpg evaluate says where the checkpoints are not those the run learned', async () => {
  await succeed(['generate', '1', '--out', 'compared', '--device', device], finished);
  const added = path.join(finished.zoo, 'checkpoint', 'net_9.pth');
  await writeTinyNetwork(added, 9);
  const args = ['evaluate', '1', '--generated', 'compared', '--no-test', '--networks-per-baseline', '0', '--json'];
  const { stdout } = await succeed(args, finished);
  rmSync(added);
  expect((JSON.parse(stdout) as EvaluateRunResult).evaluation.notes[0]).toBe(
    'The originals are not the checkpoints 0001-zoo learned: net_9.pth is new.',
  );
});

it('rpg devices lists every device as available or with the reason why not', async () => {
  const { stdout } = await rpg(['devices', '--json']);
  const list = JSON.parse(stdout) as { engine: string; device: string; isAvailable: boolean; description: string }[];
  expect(list.find(entry => entry.device === 'cpu')).toMatchObject({ engine: 'portable', isAvailable: true });
  for (const entry of list) expect(entry.description).not.toBe('');
  const help = (await rpg(['train', '--help'])).stdout;
  for (const entry of list.filter(({ engine }) => engine === 'portable')) expect(help).toContain(entry.device);
});
