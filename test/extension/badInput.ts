// What goes wrong outside of the extension: odd names, huge files, folders that cannot be written to, workspaces that are not
// trusted, sidecars that hang or are of another version. Each is survived and explained.
import * as assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { errorMessage } from '../../src/errorMessage';
import { watchForHangs } from '../../src/hangWatch';
import { createSidecarClient, type SidecarClient } from '../../src/sidecarClient';
import { toSidecarError } from '../../src/sidecarError';
import { SidecarProcess } from '../../src/sidecarProcess';
import { ping } from '../../protocol/session';
import { inspect } from '../../protocol/checkpoints';
import { register } from '../../protocol/datasets';
import { evaluateRun } from '../../protocol/evaluation';
import { generate, type GenerateResult } from '../../protocol/generation';
import { listRuns } from '../../protocol/runs';
import { train, type TrainResult } from '../../protocol/training';
import { makeTrainingWorkspace } from '../support/trainingWorkspace';
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

export function badInputSuite(): void {
  describe('bad input', () => {
    before(registeredZoo);

    it('names with quotes, spaces, line breaks and other scripts work from registration to evaluation', async () => {
      const odd = path.join(workspace, `a "b" 'c'\n网络 é $(touch x)`);
      const { zoo } = await makeTrainingWorkspace(odd, { nameOf: index => `net "${index}"\n'网' $HOME;.pth` });
      await command('rpg.registerFolder', { folder: zoo, name: '网络-é' });
      const { context, datasetsTree } = await extension();
      const dataset = context.library.datasets.find(({ name }) => name === '网络-é')!;
      const children = await datasetsTree.getChildren({ kind: 'dataset', dataset });
      const files = await datasetsTree.getChildren(children.at(-1));
      assert.equal(datasetsTree.getTreeItem(files[0]!).label, `net "0"\n'网' $HOME;.pth`);

      const testCommand = `${process.execPath} -e "require('fs').statSync(process.argv[1]); console.log('Acc: 0.5')" {file}`;
      await command('rpg.editTestCommand', { dataset: dataset.name, testCommand });
      const request = { dataset: dataset.name, preset: 'demo', settings: tinySettings(6) };
      const { run } = await command<TrainResult>('rpg.train', request);
      const { folder } = await command<GenerateResult>('rpg.generate', { run, count: 1, sampler: 'ddim', steps: 2 });
      const evaluated = await command<{ rows: number }>('rpg.evaluate', { run, generated: folder });
      assert.ok(evaluated.rows >= 2);
      const file = vscode.Uri.file(path.join(zoo, 'checkpoint', `net "1"\n'网' $HOME;.pth`));
      await command('rpg.inspectCheckpoint', file);
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      assert.ok(input instanceof vscode.TabInputCustom && input.uri.fsPath === file.fsPath);
      await command('workbench.action.closeAllEditors');
      await command('rpg.unregister', { dataset: dataset.name });
    });

    it('a checkpoint of 10 GB opens at once, without being read', async () => {
      const file = path.join(workspace, 'large.safetensors');
      writeSparseCheckpoint(file, 10);
      const { context } = await extension();
      const startedAt = Date.now();
      const report = await context.client.call(inspect, { path: file, statistics: false });
      const tookMs = Date.now() - startedAt;
      assert.ok(report.kind !== 'folder' && report.sizeBytes > 10e9 && report.tensors.length === 10);
      await command('rpg.inspectCheckpoint', vscode.Uri.file(file));
      const { residentBytes } = await context.client.call(ping, {});
      console.log(`[test] 10 GB inspected in ${tookMs} ms, the sidecar has ${Math.round(residentBytes / 1e6)} MB`);
      assert.ok(residentBytes < 1.5e9, `${residentBytes} bytes`);
      await command('workbench.action.closeAllEditors');
      rmSync(file);
    });

    it('an untrusted workspace runs no test command, by none of the ways there are, and says so', async () => {
      const marker = path.join(workspace, 'the test ran');
      const testCommand = `${process.execPath} -e "require('fs').writeFileSync(process.argv[2], ''); console.log('Acc: 1')" {file} "${marker}"`;
      await command('rpg.editTestCommand', { dataset: 'zoo', testCommand });
      await withSidecar({ isTrusted: false }, async client => {
        const settings = [...tinySettings(10), 'training.evaluateEvery=5'];
        const { run } = await client.call(train, { dataset: 'zoo', preset: 'demo', settings });
        const { folder } = await client.call(generate, { run, count: 1, sampler: 'ddim', steps: 2 });
        for (const refused of [
          () => client.call(evaluateRun, { run, generated: folder }),
          () => client.call(evaluateRun, { run, generated: folder, test: testCommand }),
          () => client.call(generate, { run, count: 1, test: true }),
        ]) {
          const shown = await refused().then(
            () => null,
            (error: unknown) => errorMessage(toSidecarError(error)),
          );
          assert.ok(shown?.kind === 'message');
          assert.match(shown.text, /not trusted/);
          assert.deepEqual(shown.actions, [
            { kind: 'command', title: 'Manage Trust', command: 'workbench.trust.manage', args: [] },
          ]);
        }
        const request = { run, generated: folder, weightsOnly: true, networksPerBaseline: 0, midpoints: 0 };
        const { evaluation } = await client.call(evaluateRun, request);
        assert.ok(evaluation.networks.every(({ accuracy }) => accuracy === null));
        const log = readFileSync(path.join(runFolder(run), 'log.jsonl'), 'utf8');
        assert.match(log, /test-skipped.*not trusted/);
      });
      assert.equal(existsSync(marker), false);
    });

    it('a folder that cannot be written to is looked at, and refused with the reason', async function () {
      if (process.getuid?.() === 0) {
        console.log(
          '[test] this user may write anywhere: see "a workspace that cannot be written to" of the unit tests',
        );
        this.skip();
      }
      const folder = path.join(workspace, 'read only');
      const { zoo } = await makeTrainingWorkspace(folder);
      rmSync(path.join(folder, '.rpg'), { recursive: true });
      chmodSync(folder, 0o555);
      try {
        await withSidecar({ workspace: folder }, async client => {
          assert.deepEqual(await client.call(listRuns, {}), []);
          await assert.rejects(client.call(register, { folder: zoo, name: 'zoo' }), {
            code: 'file-system',
            blame: 'user',
          });
        });
      } finally {
        chmodSync(folder, 0o755);
      }
    });

    it('a sidecar that hangs is noticed, and a restart gets rid of it', async () => {
      const { context } = await extension();
      await context.client.call(listRuns, {});
      const hung = context.sidecar.pid!;
      process.kill(hung, 'SIGSTOP');
      const waiting = context.jobs.start({ title: 'Waiting' }, () => context.client.call(listRuns, {})).catch(() => {});
      const messages = await messagesOf(
        async () => {
          const watch = watchForHangs(context.client, context.sidecar, context.jobs, {
            askEveryMs: 100,
            answerLimitMs: 300,
          });
          await until('another sidecar', () => context.sidecar.pid !== null && context.sidecar.pid !== hung);
          watch.dispose();
        },
        ({ buttons }) => buttons.find(button => button === 'Restart Sidecar'),
      );
      assert.match(messages[0]?.text ?? '', /has not answered/);
      assert.equal(isAlive(hung), false);
      await waiting;
      assert.ok(Array.isArray(await context.client.call(listRuns, {})));
    });

    it('a sidecar of another version is refused with both versions, and the right one works again', async () => {
      const { context, statusBar } = await extension();
      const other = path.join(workspace, 'other-version.cjs');
      const executable = path.join(workspace, 'other-node.sh');
      writeFileSync(
        other,
        `process.on('message', ({ id, method }) => {
          if (method === 'initialize') process.send({ jsonrpc: '2.0', id, result: { protocolVersion: 7, capabilities: {} } });
        });
        process.on('disconnect', () => process.exit(0));`,
      );
      writeFileSync(executable, `#!/bin/sh\nexec "${process.execPath}" "${other}"\n`, { mode: 0o755 });
      const setting = vscode.workspace.getConfiguration('rpg');
      await setting.update('nodePath', executable, vscode.ConfigurationTarget.Global);
      try {
        await command('rpg.restartSidecar');
        const [message] = await messagesOf(() => command('rpg.checkSetUp', { isSilent: true }));
        assert.match(message?.text ?? '', /speaks version 7 .* this extension version 1/);
        assert.deepEqual(message?.buttons, ['Reload Window']);
        await until('the status bar warns', () => statusBar.text === '$(warning) RPG');
      } finally {
        await setting.update('nodePath', undefined, vscode.ConfigurationTarget.Global);
      }
      await until('it is started with the right Node', () => context.sidecar.state.kind === 'ready');
      await until('the workspace is read again', () => context.library.status.kind === 'ready');
    });
  });
}

/** A sidecar of the test's own, as another window has one. */
async function withSidecar(
  { isTrusted = true, workspace: folder = workspace }: { isTrusted?: boolean; workspace?: string },
  work: (client: SidecarClient) => Promise<void>,
): Promise<void> {
  const script = path.join(root, 'dist', 'sidecar.js');
  const launch = () => ({ nodePath: null, workspace: folder, isTrusted });
  const sidecar = new SidecarProcess({ script, launch, log: () => {} });
  try {
    await work(createSidecarClient(sidecar));
  } finally {
    await sidecar.stop(5000);
  }
}

/** Ten tensors of a gigabyte each, of which the disk holds only the header. */
function writeSparseCheckpoint(file: string, nTensors: number): void {
  const tensorBytes = 1.1e9;
  const tensors = Array.from({ length: nTensors }, (_, index) => [
    `layer.${index}.weight`,
    { dtype: 'F32', shape: [tensorBytes / 4], data_offsets: [index * tensorBytes, (index + 1) * tensorBytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(tensors)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, Buffer.concat([length, header]));
  ftruncateSync(descriptor, 8 + header.length + nTensors * tensorBytes);
  closeSync(descriptor);
}
