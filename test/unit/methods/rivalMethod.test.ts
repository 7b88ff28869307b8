// That a method is an object in the registry and nothing else: one of a test is trained, resumed, drawn from, exported,
// estimated and asked for a benchmark by the use cases as they are. And runs of a method that is not there are refused.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runConfigFields } from '../../../protocol/runConfig';
import type { RunRecord } from '../../../protocol/runRecords';
import type { TrainParams } from '../../../protocol/training';
import { atOnce, type OperationContext } from '../../../sidecar/app/context';
import { generate } from '../../../sidecar/app/generate/generate';
import { devices, exportWeights } from '../../../sidecar/app/runs/runs';
import { checkSetUp } from '../../../sidecar/app/setup/checkSetUp';
import { benchmark } from '../../../sidecar/app/train/benchmark';
import { estimateRun } from '../../../sidecar/app/train/estimateRun';
import { estimateTraining } from '../../../sidecar/app/train/estimateTraining';
import { resume } from '../../../sidecar/app/train/resume';
import { train } from '../../../sidecar/app/train/train';
import { openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { readFloat32 } from '../../../sidecar/checkpoint/tensorData';
import { presets, type Preset } from '../../../sidecar/config/presets';
import type { EngineDevice } from '../../../sidecar/engine/engine';
import { cpuDevice } from '../../../sidecar/engine/portable/devices/cpu';
import type { Method } from '../../../sidecar/methods/method';
import { methods } from '../../../sidecar/methods/registry';
import { earlierWorkspace } from '../../support/earlierWorkspace';
import { rejectionOf } from '../../support/errors';
import { temporaryFolder } from '../../support/folders';
import { makeTrainingWorkspace, type TrainingWorkspace } from '../../support/trainingWorkspace';
import { meanMethod } from './meanMethod';

/** On which nothing may be opened. */
const closedDevice: EngineDevice = {
  ...cpuDevice,
  open: async () => {
    throw new Error('it was opened');
  },
};

function contextOf<P>(workspace: string, device: EngineDevice = closedDevice): OperationContext<P> {
  const { signal } = new AbortController();
  return { workspace, signal, report: () => undefined, onDevice: atOnce, devices: [device] };
}

const runFolder = (workspace: string, id = '0001-zoo'): string => path.join(workspace, '.rpg', 'runs', id);
const recordFile = (workspace: string): string => path.join(runFolder(workspace), 'run.json');
const readRecord = (workspace: string) => JSON.parse(readFileSync(recordFile(workspace), 'utf8')) as RunRecord;
const changeRecord = (workspace: string, change: object): void =>
  writeFileSync(recordFile(workspace), JSON.stringify({ ...readRecord(workspace), ...change }));

function readWeights(file: string, name: string): number[] {
  const checkpoint = openCheckpoint(file);
  try {
    return [...readFloat32(selectDictionary(checkpoint).tensors.find(tensor => tensor.name === name)!)];
  } finally {
    checkpoint.dispose();
  }
}

describe('a method of its own', () => {
  const preset: Preset = { name: 'means', title: 'Means', values: { method: 'mean' } };
  beforeEach(() => {
    (methods as Method[]).push(meanMethod); // as its line in the registry does
    (presets as Preset[]).push(preset);
  });
  afterEach(() => {
    (methods as Method[]).splice(methods.indexOf(meanMethod), 1);
    (presets as Preset[]).splice(presets.indexOf(preset), 1);
  });

  /** 6 steps of 3 checkpoints: each is seen twice. A snapshot every 2. */
  const settings = ['method=mean', 'training.steps=6', 'training.saveEvery=2', 'training.keepSnapshots=0'];
  const trainMeans = ({ folder, config }: TrainingWorkspace) =>
    train({ configFile: config, dataset: path.join(folder, 'zoo'), settings }, contextOf(folder));

  it('is trained, and the record of its run names it, not the configuration', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder());
    const result = await trainMeans(workspace);
    expect(result).toMatchObject({ run: '0001-zoo', status: 'finished', step: 6, loss: 1 / 6 });
    const record = readRecord(workspace.folder);
    expect(record).toMatchObject({ method: 'mean', dataset: { nTokens: 4 }, nParameters: 24 });
    expect(record.config).not.toHaveProperty('method');
  });

  it('is resumed from its snapshot, and draws and exports what it learned', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder());
    const { folder } = workspace;
    const { weights } = await trainMeans(workspace);
    const whole = readFileSync(weights!);
    rmSync(path.join(runFolder(folder), 'state', 'step-00000006'), { recursive: true });
    rmSync(weights!);
    changeRecord(folder, { status: 'stopped' });
    expect(await resume({ run: '1' }, contextOf(folder))).toMatchObject({ status: 'finished', step: 6 });
    expect(readFileSync(weights!).equals(whole)).toBe(true);

    const { networks, notes, step } = await generate({ run: '1', count: 3, seed: 1 }, contextOf(folder));
    expect([step, notes]).toEqual([6, ['means are dull']]);
    expect(networks.map(({ record }) => [record.networkIndex, record.permutationState, record.sampler.kind])).toEqual([
      [0, null, 'none'],
      [1, null, 'none'],
      [2, null, 'none'],
    ]);
    const originals = [0, 1, 2].map(i =>
      readWeights(path.join(workspace.zoo, 'checkpoint', `net_${i}.pth`), 'out.bias'),
    );
    for (const [index, { file }] of networks.entries()) {
      readWeights(file, 'out.bias').forEach((value, i) =>
        expect(value).toBeCloseTo(originals.reduce((sum, own) => sum + own[i]!, 0) / 3 + index, 5),
      );
    }

    const exported = path.join(folder, 'means.pth');
    await exportWeights({ run: '1', out: exported }, contextOf(folder));
    expect(readFileSync(exported).equals(whole)).toBe(true);
  });

  it('has no permutation states and tasks where it says so', async () => {
    const workspace = await makeTrainingWorkspace(temporaryFolder());
    await trainMeans(workspace);
    const { folder } = workspace;
    const context = contextOf(folder);
    await expect(generate({ run: '1', permutation: 0 }, context)).rejects.toThrow('this one has none');
    await expect(generate({ run: '1', classes: [1] }, context)).rejects.toThrow('this one is not');
  });

  it('is estimated, with a time only where its own speed is known', async () => {
    const folder = earlierWorkspace();
    const configFiles = [path.join(folder, 'tiny.rpg.json')];
    const { basis, estimates } = await estimateTraining({ dataset: 'zoo', configFiles }, contextOf(folder, cpuDevice));
    expect(basis).toMatch(/^speed of run 000\d-\w+ on this device$/);
    const of = (name: string) => estimates.find(estimate => estimate.of === name);
    expect(of('means')).toMatchObject({ problem: null, nTokens: 4, nParameters: 24, durationMs: null });
    for (const name of ['demo', configFiles[0]!])
      expect(of(name)).toMatchObject({ problem: null, durationMs: expect.any(Number) as number });
  });

  it('is timed for an estimate of its own run', async () => {
    const { folder, zoo, config } = await makeTrainingWorkspace(temporaryFolder());
    const estimate = await estimateRun({ configFile: config, dataset: zoo, settings }, contextOf(folder));
    expect(estimate).toMatchObject({ fits: true, nTokens: 4, msPerStep: expect.any(Number) as number });
  });

  it('without a benchmark is not timed for one', async () => {
    const error = await rejectionOf(() => benchmark({ preset: 'means' }, contextOf(temporaryFolder())));
    expect([error.code, error.message]).toEqual(['bad-request', 'the method of preset means has nothing to be timed']);
  });
});

describe('a method that is not there', () => {
  it.each([
    ['resume', (folder: string) => resume({ run: '1' }, contextOf(folder))],
    ['generate', (folder: string) => generate({ run: '1' }, contextOf(folder))],
    ['export', (folder: string) => exportWeights({ run: '1', out: 'w.pth' }, contextOf(folder))],
  ])('is refused by %s before anything else of its run is read', async (_, work) => {
    const folder = earlierWorkspace();
    changeRecord(folder, { method: 'tomorrow' });
    for (const gone of ['zoo', '.rpg/runs/0001-zoo/dataset.json', '.rpg/runs/0001-zoo/state'])
      rmSync(path.join(folder, gone), { recursive: true });
    const error = await rejectionOf(() => work(folder));
    expect([error.code, error.blame, error.details]).toEqual(['method-unknown', 'user', { method: 'tomorrow' }]);
    expect(error.message).toBe("there is no method 'tomorrow' here; there are: rpg. Update this program");
  });

  it.each<[string, Pick<TrainParams, 'settings' | 'config'>, string]>([
    ['a setting', { settings: ['method=tomorrow'] }, 'method (setting): "tomorrow" is not a method; there are: rpg'],
    [
      'a number',
      { config: { method: 3 as never } },
      'method (configuration): 3 is not a text; give the id of a method',
    ],
  ])('is refused as a problem of the configuration: %s', async (_, params, problem) => {
    const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder());
    const wrong = { ...params, dataset: zoo, settings: ['training.steps=0', ...(params.settings ?? [])] };
    const error = await rejectionOf(() => train(wrong, contextOf(folder)));
    expect(error.code).toBe('config-invalid');
    expect(error.message).toContain(problem);
    expect(error.message).toContain('training.steps'); // told with the others
  });
});

it('is the first one where a configuration names it, and leaves no trace in the record', async () => {
  const { folder, zoo, config } = await makeTrainingWorkspace(temporaryFolder());
  const params = { configFile: config, dataset: zoo, settings: [`method=${methods[0]!.id}`] };
  await train(params, contextOf(folder, cpuDevice));
  expect(readRecord(folder)).not.toHaveProperty('method');
  expect(readRecord(folder).config).not.toHaveProperty('method');
  expect(Object.keys(readRecord(folder).config)).toEqual(Object.keys(runConfigFields));
});

describe('the devices of a context', () => {
  const awayDevice: EngineDevice = {
    ...cpuDevice,
    probe: async () => ({ kind: 'unavailable', reason: 'it is away' }),
  };
  it.each([
    ['train', (folder: string) => train({ dataset: path.join(folder, 'zoo') }, contextOf(folder, awayDevice))],
    ['resume', (folder: string) => resume({ run: '1' }, contextOf(folder, awayDevice))],
    ['generate', (folder: string) => generate({ run: '1' }, contextOf(folder, awayDevice))],
    ['estimate', (folder: string) => estimateTraining({ dataset: 'zoo' }, contextOf(folder, awayDevice))],
    ['benchmark', (folder: string) => benchmark({ preset: 'demo' }, contextOf(folder, awayDevice))],
  ])('are those that %s chooses from', async (_, work) => {
    const error = await rejectionOf(() => work(earlierWorkspace()));
    expect([error.code, error.message]).toEqual([
      'device-unavailable',
      expect.stringContaining('cannot be used here: portable/cpu: it is away'),
    ]);
  });

  it('are those that are listed, and looked at before a first run', async () => {
    const context = contextOf(temporaryFolder(), awayDevice);
    expect(await devices({}, context)).toMatchObject([
      { device: 'cpu', isAvailable: false, description: 'it is away' },
    ]);
    const items = await checkSetUp({ python: '/nowhere/python3', isTrusted: false }, context);
    expect(items[0]).toMatchObject({ state: 'missing', detail: 'none is available; portable/cpu: it is away' });
  });
});
