// The JSON-RPC front door over an in-memory connection.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { CancellationToken, CancellationTokenSource, ProgressType, ResponseError } from 'vscode-jsonrpc/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ErrorData } from '../../../protocol/errors';
import type { Operation } from '../../../protocol/operation';
import { initialize, ping, protocolVersion, type LogMessage } from '../../../protocol/session';
import { operations } from '../../../protocol/operations';
import type { RunsEvent } from '../../../protocol/runs';
import { startServer } from '../../../sidecar/rpc/server';
import { bindings } from '../../../sidecar/rpc/bindings';
import { connectedPair } from '../../support/connections';
import { temporaryFolder } from '../../support/folders';
import { makeTrainingWorkspace } from '../../support/trainingWorkspace';

function connect(workspace: string | null, isTrusted = true) {
  const { client, server } = connectedPair();
  const logs: LogMessage[] = [];
  client.onNotification('log', (message: LogMessage) => logs.push(message));
  const served = startServer(server);
  onTestFinished(() => served.stop(1000).then(() => client.dispose()));
  const ask = async <P, R, G>(
    operation: Operation<P, R, G>,
    params: P,
    token: CancellationToken = CancellationToken.None,
    progressToken?: string,
  ): Promise<R> => client.sendRequest<R>(operation.method, { params, progressToken }, token);
  const hello = workspace === null ? null : ask(initialize, { protocolVersion, workspace, isTrusted });
  return { client, ask, hello, served, logs };
}

/** The administrator may write anywhere: for a moment this process is somebody else. Returns the way back. */
function withoutPrivileges(): () => void {
  if (process.getuid?.() !== 0) return () => {};
  process.seteuid!(65534);
  return () => process.seteuid!(0);
}

async function failure(promise: Promise<unknown>): Promise<ErrorData & { message: string }> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ResponseError);
  const { data, message } = error as ResponseError<ErrorData>; // just seen
  return { ...data!, message };
}

describe('the server', () => {
  it('binds every operation of the protocol, once', () => {
    const declared = [...Object.values(operations)].map(operation => operation.method).sort();
    expect(Object.keys(operations).sort()).toEqual(declared);
    expect(bindings.map(({ operation }) => operation.method).sort()).toEqual(declared);
  });

  it('answers the handshake with its version and all that can be chosen', async () => {
    const { hello } = connect(temporaryFolder());
    const { version, capabilities } = (await hello)!;
    const { version: expected } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(version).toBe(expected);
    expect(capabilities.presets.map(({ name }) => name)).toContain('demo');
    expect(capabilities.recurrentModels).toEqual(['mamba', 'lstm', 'transformer', 'gmlp']);
    expect(capabilities.checkpointFormats.find(({ id }) => id === 'safetensors')?.extensions).toEqual(['.safetensors']);
    expect(capabilities.samplers).toEqual([
      { name: 'ddim', title: 'DDIM: a few dozen steps', defaultSteps: 60, options: ['steps', 'spacing', 'eta'] },
      { name: 'ddpm', title: 'DDPM: every step of the schedule', defaultSteps: null, options: [] },
    ]);
    expect(capabilities.zooRecipes.length).toBeGreaterThan(0);
  });

  it('refuses an editor of another protocol version, and says what to do', async () => {
    const { ask } = connect(null);
    const error = await failure(ask(initialize, { protocolVersion: 999, workspace: '/', isTrusted: true }));
    expect(error).toMatchObject({ code: 'protocol-mismatch', blame: 'user' });
    expect(error.message).toMatch(/999.*reload the window/);
  });

  it('answers no operation before the handshake', async () => {
    const { ask } = connect(null);
    expect(await failure(ask(operations.datasets, {}))).toMatchObject({ code: 'not-initialized', blame: 'internal' });
  });

  it('passes errors on with code, blame and details', async () => {
    const { ask, hello } = connect(temporaryFolder());
    await hello;
    const error = await failure(ask(operations.inspect, { path: '/no/such/file.pth' }));
    expect(error).toMatchObject({ code: 'file-system', blame: 'user', details: { errno: 'ENOENT' } });
    expect(error.message).toMatch(/no\/such\/file\.pth.*check the path/);
  });

  it('runs the commands of an untrusted workspace not at all', async () => {
    const workspace = temporaryFolder();
    const { ask, hello } = connect(workspace, false);
    await hello;
    expect(await failure(ask(operations.checkSetUp, { python: 'python3', isTrusted: true }))).toMatchObject({
      code: 'untrusted',
    });
    const items = await ask(operations.checkSetUp, { python: 'python3', isTrusted: false });
    expect(items.find(({ id }) => id === 'python')).toMatchObject({ state: 'unknown' });
  });

  it('refuses to write where it may not, names the folder and the reason, and still reads', async context => {
    if (process.platform === 'win32') return context.skip('there are no such permissions on Windows');
    const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder());
    rmSync(path.join(folder, '.rpg'), { recursive: true });
    const { ask, hello } = connect(folder);
    await hello;
    chmodSync(path.dirname(folder), 0o755);
    chmodSync(folder, 0o555);
    const restore = withoutPrivileges();
    try {
      const file = path.join(zoo, 'checkpoint', 'net_0.pth');
      expect(await ask(operations.inspect, { path: file })).toMatchObject({ path: file });
      expect(await ask(operations.listRuns, {})).toEqual([]);
      for (const refused of [
        () => ask(operations.register, { folder: zoo, name: 'zoo' }),
        () => ask(operations.prepareDemo, { folder: path.join(folder, 'rpg-demo') }),
        () => ask(operations.train, { dataset: zoo, preset: 'demo', settings: ['tokens.dimPerToken=8'] }),
      ]) {
        const error = await failure(refused());
        expect(error).toMatchObject({ code: 'file-system', blame: 'user', details: { errno: 'EACCES' } });
        expect(error.message).toContain(folder);
      }
    } finally {
      restore();
      chmodSync(folder, 0o755);
    }
  });

  it('tells of runs until it is told to stop, which is no error', async () => {
    const workspace = temporaryFolder();
    const { ask, hello, client } = connect(workspace);
    await hello;
    const events: RunsEvent[] = [];
    client.onProgress(new ProgressType<RunsEvent>(), 'p1', event => events.push(event));
    const source = new CancellationTokenSource();
    const ended = ask(operations.followRuns, { curves: [] }, source.token, 'p1');
    await expect.poll(() => events).toEqual([{ kind: 'listed', runs: [] }]);
    mkdirSync(path.join(workspace, '.rpg', 'runs', '0001-a'), { recursive: true });
    await expect
      .poll(() => events.at(-1), { timeout: 10_000 })
      .toMatchObject({ run: { id: '0001-a', status: 'unreadable' } });
    source.cancel();
    expect(await ended).toBeNull();
  });

  it('reports progress only to who listens, and answers a heartbeat meanwhile', async () => {
    const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder());
    const { ask, hello, client } = connect(folder);
    await hello;
    const reports: unknown[] = [];
    client.onProgress(new ProgressType<unknown>(), 'p1', report => reports.push(report));
    const record = ask(operations.register, { folder: zoo }, CancellationToken.None, 'p1');
    expect((await ask(ping, {})).residentBytes).toBeGreaterThan(1e6);
    expect(await record).toMatchObject({ name: 'zoo', nCheckpoints: 3 });
    expect(reports.length).toBeGreaterThan(0);
  });

  it('ends a cancelled operation as cancelled', async () => {
    const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder(), { nCheckpoints: 40 });
    const { ask, hello } = connect(folder);
    await hello;
    const source = new CancellationTokenSource();
    const work = failure(ask(operations.register, { folder: zoo }, source.token));
    source.cancel();
    expect(await work).toMatchObject({ code: 'cancelled', blame: 'cancelled' });
  });

  it('keeps operations of one device in order and lets a waiting one be cancelled', async () => {
    const workspace = temporaryFolder();
    const { ask, hello } = connect(workspace);
    await hello;
    const zoo = {
      recipe: 'fashion-mlp',
      out: path.join(workspace, 'zoo'),
      runs: 1,
      perRun: 2,
      seed: 1,
      data: null,
      epochs: 50,
    };
    const [first, second] = [new CancellationTokenSource(), new CancellationTokenSource()];
    const long = failure(ask(operations.prepareZoo, zoo, first.token));
    const waiting = failure(ask(operations.prepareZoo, { ...zoo, out: path.join(workspace, 'zoo-2') }, second.token));
    second.cancel();
    expect(await waiting).toMatchObject({ blame: 'cancelled' });
    first.cancel();
    expect(await long).toMatchObject({ blame: 'cancelled' });
  });
});

describe('a prompt', () => {
  it('needs one label a bit', async () => {
    const workspace = temporaryFolder();
    mkdirSync(path.join(workspace, '.rpg'));
    writeFileSync(path.join(workspace, '.rpg', 'x'), '');
    const { ask, hello } = connect(workspace);
    await hello;
    expect(await failure(ask(operations.readPrompt, { run: '1', prompt: 'cats' }))).toMatchObject({
      code: 'run-not-found',
    });
  });
});
