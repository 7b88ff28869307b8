// What a real card cannot be asked for: a driver of an older version, and a card that disappears in mid-run. The driver is
// test/fixtures/cuda/driver.c, compiled here; everything above it is the product.
import { fork, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import { initialize, protocolVersion } from '../../protocol/session';
import type { GenerateResult } from '../../protocol/generation';
import { rpg } from '../support/cli';
import { repository, temporaryFolder } from '../support/folders';
import { makeTrainingWorkspace } from '../support/trainingWorkspace';

const folder = mkdtempSync(path.join(tmpdir(), 'rpg-driver-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const source = path.join(repository, 'test', 'fixtures', 'cuda', 'driver.c');
const compiled = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', path.join(folder, 'libcuda.so.1'), source]);
const isLinux = process.platform === 'linux' && process.arch === 'x64';
const missing = !isLinux || compiled.status !== 0;
if (missing)
  console.warn(`skipped: a driver without a card needs Linux on x64 and a C compiler (${String(compiled.stderr)})`);

const withDriver = (env: Record<string, string> = {}) => ({
  env: { ...env, LD_LIBRARY_PATH: folder, RPG_CUBLASLT: 'none' },
});
const train = [
  'train',
  'tiny.rpg.json',
  '--engine',
  'cuda',
  '--set',
  'recurrent.dModel=[32]',
  '--set',
  'training.steps=12',
];

test.skipIf(missing)(
  'a card that disappears ends the run with the driver’s text; its last snapshot is safe and the run goes on',
  async () => {
    const { folder: workspace } = await makeTrainingWorkspace(temporaryFolder());
    // Two graphs a step: the card goes in step 8, after the snapshot of step 5.
    const lost = await rpg(train, { cwd: workspace, ...withDriver({ FAKE_CUDA_LAUNCHES: '15' }) });
    expect(lost.code).not.toBe(0);
    expect(lost.stderr).toContain('unspecified launch failure');
    const run = path.join(workspace, '.rpg', 'runs', '0001-zoo');
    const states = readdirSync(path.join(run, 'state'));
    expect(states).toContain('step-00000005');
    expect(existsSync(path.join(run, 'state', 'step-00000005', 'DONE'))).toBe(true);
    const [record] = JSON.parse((await rpg(['runs', '--json'], { cwd: workspace })).stdout) as [
      { status: string; problem: string },
    ];
    expect(record.status).toBe('failed');
    expect(record.problem).toContain('unspecified launch failure');
    const resumed = await rpg(['resume', '1'], { cwd: workspace, ...withDriver() });
    expect(resumed.stderr + resumed.stdout).toContain('after step 12');
    expect(resumed.code).toBe(0);
  },
);

test.skipIf(missing)(
  'a driver that is too old for the kernels is told with its version, and auto goes on with the processor, saying so',
  async () => {
    const { folder: workspace } = await makeTrainingWorkspace(temporaryFolder());
    const old = withDriver({ FAKE_CUDA_VERSION: '12020' });
    const refused = await rpg(train, { cwd: workspace, ...old });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('the driver is for CUDA 12.2');
    const auto = await rpg(
      train.filter(word => word !== '--engine' && word !== 'cuda'),
      { cwd: workspace, ...old },
    );
    expect(auto.code, auto.stderr).toBe(0);
    expect(auto.stderr).toContain('not cuda/0: CUDA: the driver is for CUDA 12.2');
  },
);

test.skipIf(missing)(
  'a model the kernels do not know is refused by its setting, and auto goes on with the processor, saying so',
  async () => {
    const { folder: workspace } = await makeTrainingWorkspace(temporaryFolder());
    const large = [...train, '--set', 'recurrent.dState=129', '--set', 'training.steps=2'];
    const reason = 'recurrent.dState 129; its kernels know up to 128';
    const refused = await rpg(large, { cwd: workspace, ...withDriver() });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`cuda/0: ${reason}`)]);
    const free = large.filter(word => word !== '--engine' && word !== 'cuda');
    const auto = await rpg(free, { cwd: workspace, ...withDriver() });
    expect([auto.code, auto.stderr]).toEqual([0, expect.stringContaining(`not cuda/0: ${reason}`)]);
    const generated = await rpg(['generate', 'last', '--count', '1', '--json'], { cwd: workspace, ...withDriver() });
    expect(generated.code, generated.stderr).toBe(0);
    expect((JSON.parse(generated.stdout) as GenerateResult).networks[0]!.record.engine).toBe('portable');
  },
);

test.skipIf(missing)(
  'DDPM generates on the card where the schedule has more steps than any table of fixed size',
  async () => {
    const { folder: workspace } = await makeTrainingWorkspace(temporaryFolder());
    const long = [...train, '--set', 'diffusion.T=5000', '--set', 'training.steps=1'];
    expect((await rpg(long, { cwd: workspace, ...withDriver() })).code).toBe(0);
    const ddpm = ['generate', 'last', '--count', '1', '--sampler', 'ddpm', '--engine', 'cuda', '--json'];
    const generated = await rpg(ddpm, { cwd: workspace, ...withDriver() });
    expect(generated.code, generated.stderr).toBe(0);
    expect((JSON.parse(generated.stdout) as GenerateResult).networks[0]!.record.engine).toBe('cuda');
  },
);

test.skipIf(missing)('the sidecar survives a lost card and can be asked again', async () => {
  const { folder: workspace } = await makeTrainingWorkspace(temporaryFolder());
  const child = fork(path.join(repository, 'dist', 'sidecar.js'), ['--serve'], {
    cwd: workspace,
    env: { ...process.env, ...withDriver({ FAKE_CUDA_LAUNCHES: '15' }).env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const connection = createMessageConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  try {
    const ask = (method: string, params: object) => connection.sendRequest<Record<string, unknown>>(method, { params });
    await ask(initialize.method, { protocolVersion, workspace, isTrusted: true });
    const params = { configFile: path.join(workspace, 'tiny.rpg.json'), settings: ['training.steps=12'] };
    await expect(ask('train', { ...params, engine: 'cuda' })).rejects.toThrow(/unspecified launch failure/);
    // The context was released: the card is there again for the next job, and so is every other device.
    const again = await ask('train', { ...params, settings: ['training.steps=4'], engine: 'cuda' });
    expect(again).toMatchObject({ status: 'finished', step: 4 });
    expect(await ask('train', { ...params, engine: 'portable' })).toMatchObject({ status: 'finished', step: 12 });
  } finally {
    connection.dispose();
    child.disconnect();
  }
});
