// Every command does what it says, asked with values instead of by mouse.
import * as assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { inspect } from '../../protocol/checkpoints';
import { type DatasetRecord, register } from '../../protocol/datasets';
import type { GenerateResult } from '../../protocol/generation';
import type { MethodInfo } from '../../protocol/methods';
import { runDetails } from '../../protocol/runs';
import type { SetUpItem } from '../../protocol/setup';
import { type BenchmarkResult, estimateTraining, type TrainResult } from '../../protocol/training';
import { watchCheckpoint } from '../../src/editors/watchCheckpoint';
import {
  answering,
  command,
  extension,
  messagesOf,
  registeredZoo,
  root,
  runFolder,
  tinySettings,
  until,
  workspace,
  type ShownMessage,
} from './host';

export function commandSuite(): void {
  let run = '';

  describe('commands', () => {
    before(registeredZoo);

    it('Train makes a run and finishes it', async () => {
      const trained = await command<TrainResult>('rpg.train', {
        dataset: 'zoo',
        preset: 'demo',
        settings: tinySettings(12),
      });
      assert.equal(trained.status, 'finished');
      run = trained.run;
      const { context } = await extension();
      assert.equal(context.library.findRun(run)?.status, 'finished');
      assert.ok(existsSync(path.join(runFolder(run), 'weights.pth')));
    });

    it('Train takes a configuration as its editor shows it', async () => {
      const file = vscode.Uri.file(path.join(workspace, 'edited.rpg.json'));
      await vscode.workspace.fs.copy(vscode.Uri.file(path.join(workspace, 'tiny.rpg.json')), file);
      const document = await vscode.workspace.openTextDocument(file);
      const editor = await vscode.window.showTextDocument(document);
      const steps = document.getText().indexOf('"steps":12');
      const range = new vscode.Range(document.positionAt(steps), document.positionAt(steps + '"steps":12'.length));
      await editor.edit(edit => edit.replace(range, '"steps":7'));
      const trained = await command<TrainResult>('rpg.train', { configFile: file.fsPath });
      assert.equal(trained.step, 7);
      await command('workbench.action.closeActiveEditor');
      await command('rpg.removeRun', { run: trained.run });
      await vscode.workspace.fs.delete(file);
    });

    it('Train offers to go on with a dataset that changed', async () => {
      const { context } = await extension();
      const [file, other] = ['net_0.pth', 'net_1.pth'].map(name => path.join(workspace, 'zoo', 'checkpoint', name));
      const content = readFileSync(file!);
      writeFileSync(file!, readFileSync(other!));
      const newest = (): string => context.library.runs[0]!.id;
      const before = newest();
      const isTrained = (): boolean => newest() !== before && context.library.findRun(newest())?.status === 'finished';
      const messages = await messagesOf(
        async () => {
          await command('rpg.train', { dataset: 'zoo', preset: 'demo', settings: tinySettings(7) });
          await until('it is trained', isTrained);
        },
        ({ buttons }) => buttons.find(button => button === 'Train Anyway'),
      );
      assert.deepEqual(messages[0]?.buttons, ['Register Again', 'Train Anyway']);
      await command('rpg.removeRun', { run: newest() });
      writeFileSync(file!, content);
    });

    it('Resume offers other devices where the one of the run is not', async () => {
      const { context } = await extension();
      const trained = await command<TrainResult>('rpg.train', {
        dataset: 'zoo',
        preset: 'demo',
        settings: tinySettings(7),
      });
      const file = path.join(runFolder(trained.run), 'run.json');
      const record = JSON.parse(readFileSync(file, 'utf8')) as { status: string; engine: object }; // ours
      const engine = { ...record.engine, engine: 'cuda', device: '999' };
      writeFileSync(file, JSON.stringify({ ...record, status: 'stopped', engine }));
      const [message] = await messagesOf(() => command('rpg.resume', { run: trained.run }));
      assert.deepEqual(message?.buttons, ['Resume on Another Device…']);
      await command('rpg.resume', { run: trained.run, device: 'portable/wasm' });
      assert.equal(context.library.findRun(trained.run)?.status, 'finished');
      await command('rpg.removeRun', { run: trained.run });
    });

    it('the picks of Train show what every preset and configuration file costs, or why it cannot be had', async () => {
      const { context } = await extension();
      const broken = path.join(workspace, 'broken.rpg.json');
      writeFileSync(broken, '{ "preset": "demo", "dataset": "nowhere" }');
      const configFiles = [path.join(workspace, 'tiny.rpg.json'), broken];
      const { estimates, basis } = await context.client.call(estimateTraining, { dataset: 'zoo', configFiles });
      assert.match(basis, /speed of run|timed on this device/);
      const costs = new Map(estimates.map(estimate => [estimate.of, estimate]));
      for (const of of ['demo', 'cnnsmall', configFiles[0]!]) {
        const { problem, memoryBytes, durationMs } = costs.get(of)!;
        assert.equal(problem, null);
        assert.ok(memoryBytes > 0 && durationMs !== null && durationMs > 0, of);
      }
      assert.match(costs.get(broken)?.problem ?? '', /nowhere/);
      rmSync(broken);
    });

    it('Generate writes networks beside the run', async () => {
      const generated = await command<GenerateResult>('rpg.generate', { run, count: 3, sampler: 'ddim', steps: 2 });
      assert.equal(generated.networks.length, 3);
      const { context } = await extension();
      const { samples } = await context.client.call(runDetails, { run });
      assert.equal(samples[0]?.passes, 2);
      assert.ok((samples[0].msPerNetwork ?? 0) > 0, 'what it took is the next pick’s estimate');
      assert.ok(existsSync(generated.networks[0]!.file));
    });

    it('Generate takes options from a menu, as the command line has them', async () => {
      const { context } = await extension();
      const before = (await context.client.call(runDetails, { run })).samples.length;
      let generated: GenerateResult | undefined;
      const messages: ShownMessage[] = [];
      const offered = await answering(
        [
          { type: '2' },
          { pick: 'other options' },
          { pick: 'DDIM' },
          { pick: 'Steps' },
          { type: '2' },
          { pick: 'Seed' },
          { type: '41' },
          { pick: 'Snapshot' },
          { pick: 'Step 10' },
          { pick: 'File format' },
          { pick: 'safetensors' },
          { pick: 'Part of the file names' },
          { type: 'mine' },
          { pick: 'Generate 2 networks' },
        ],
        async () =>
          messages.push(
            ...(await messagesOf(async () => (generated = await command<GenerateResult>('rpg.generate', { run })))),
          ),
      );
      assert.deepEqual(
        messages.map(({ buttons }) => buttons),
        [['Evaluate', 'Reveal in Explorer']],
        messages[0]?.text,
      );
      assert.ok(offered[2]!.includes('Permutation state'));
      assert.ok(!offered[1]!.some(label => label.includes('options')));
      assert.equal(generated?.seed, 41);
      assert.equal(generated.step, 10);
      assert.deepEqual(
        generated.networks.map(({ file }) => path.basename(file)),
        ['generated_mine_001.safetensors', 'generated_mine_002.safetensors'],
      );
      assert.equal((await context.client.call(runDetails, { run })).samples.length, before + 1);
    });

    it('Train from Weights begins with those of a finished run, as they were trained', async () => {
      const { context } = await extension();
      const record = (id: string): { init: { path: string } | null; parent: string | null; config: object } =>
        JSON.parse(readFileSync(path.join(runFolder(id), 'run.json'), 'utf8')) as never; // ours
      const trained: TrainResult[] = [];
      const offered = await answering([{ pick: run }, { pick: 'zoo' }, { pick: `As ${run}` }], async () =>
        trained.push(await command<TrainResult>('rpg.trainFromWeights')),
      );
      assert.ok(offered[0]!.includes('$(folder-opened) Choose a file…'));
      const { init, parent, config } = record(trained[0]!.run);
      assert.equal(init?.path, path.join(runFolder(run), 'weights.pth'));
      assert.equal(parent, run);
      assert.deepEqual(config, record(run).config);
      const values = { run, dataset: 'zoo', preset: 'demo', settings: tinySettings(7) };
      trained.push(await command<TrainResult>('rpg.trainFromWeights', values));
      assert.equal(trained[1]!.step, 7);
      for (const each of trained) await command('rpg.removeRun', { run: each.run });
      assert.equal(context.library.findRun(run)?.status, 'finished');
    });

    it('Train from Weights of another model says which tensor does not fit', async () => {
      const settings = [...tinySettings(7), 'recurrent.dState=8'];
      const messages = await messagesOf(() =>
        command('rpg.trainFromWeights', { run, dataset: 'zoo', preset: 'demo', settings }),
      );
      assert.equal(messages.length, 1);
      assert.match(messages[0]!.text, /weights\.pth/);
    });

    it('Generate for a Task and from a Prompt refuse a run without tasks, with the reason', async () => {
      const messages = await messagesOf(async () => {
        assert.equal(await command('rpg.generateForTask', { run, classes: [1] }), undefined);
        assert.equal(await command('rpg.generateFromPrompt', { run, prompt: 'cats' }), undefined);
      });
      assert.equal(messages.filter(({ text }) => text.includes('was not trained with tasks')).length, 2);
    });

    it('Evaluate with a test of the person’s own keeps a record', async () => {
      await command('rpg.editTestCommand', {
        dataset: 'zoo',
        testCommand: `${process.execPath} -e "console.log('Acc: 0.75')" {file}`,
      });
      await vscode.workspace.getConfiguration('rpg').update('evaluate.networksPerBaseline', 0, true);
      await vscode.workspace.getConfiguration('rpg').update('evaluate.midpoints', 0, true);
      const samples = path.join(runFolder(run), 'samples');
      const generated = path.join(samples, readdirSync(samples)[0]!);
      const evaluated = await command<{ id: string; rows: number }>('rpg.evaluate', { run, generated });
      assert.equal(evaluated.id, '0001');
      assert.ok(existsSync(path.join(runFolder(run), 'evaluations', '0001.json')));
    });

    it('Evaluate says on how many networks the test failed, and why', async () => {
      const { context } = await extension();
      const { testCommand } = context.library.datasets.find(({ name }) => name === 'zoo')!;
      await command('rpg.editTestCommand', {
        dataset: 'zoo',
        testCommand: `${process.execPath} -e "process.exit(3)" {file}`,
      });
      const [{ folder: generated } = assert.fail()] = (await context.client.call(runDetails, { run })).samples;
      const messages = await messagesOf(() => command('rpg.evaluate', { run, generated }));
      assert.match(messages[0]?.text ?? '', /the test failed on (\d+) of \1 networks: .*code 3/);
      await command('rpg.editTestCommand', { dataset: 'zoo', testCommand });
    });

    it('Evaluate compares weights only where there is no test, at the press of a button', async () => {
      const { context } = await extension();
      const { testCommand } = context.library.datasets.find(({ name }) => name === 'zoo')!;
      await context.client.call(register, { folder: path.join(workspace, 'zoo'), name: 'zoo', replace: true });
      const [{ folder: generated } = assert.fail()] = (await context.client.call(runDetails, { run })).samples;
      const nBefore = (await context.client.call(runDetails, { run })).evaluations.length;
      const messages = await messagesOf(
        async () => {
          await command('rpg.evaluate', { run, generated });
          await until('weights are compared', async () => {
            const { evaluations } = await context.client.call(runDetails, { run });
            return evaluations.length > nBefore;
          });
        },
        ({ buttons }) => buttons.find(button => button === 'Compare Weights Only'),
      );
      assert.deepEqual(messages[0]?.buttons, ['Change Test Command', 'Compare Weights Only']);
      assert.match(messages[0].text, /RPG: Change Test Command, or compare weights only$/);
      await command('rpg.editTestCommand', { dataset: 'zoo', testCommand });
    });

    it('Export writes weights, evaluation, report and metrics', async () => {
      for (const [kind, name] of [
        ['weights', 'out.pth'],
        ['report', 'out.html'],
        ['evaluation', 'out.json'],
        ['metrics', 'out.csv'],
      ] as const) {
        const out = path.join(workspace, name);
        assert.equal(await command('rpg.exportRun', { run, kind, out }), out);
        assert.ok(readFileSync(out).length > 100, name);
      }
      const lines = readFileSync(path.join(workspace, 'out.csv'), 'utf8').trim().split('\n');
      assert.equal(lines.length, 13);
      assert.match(readFileSync(path.join(workspace, 'out.html'), 'utf8'), /^<!doctype html>/i);
    });

    it('Export writes the curves where TensorBoard finds them', async () => {
      const out = path.join(workspace, 'logs');
      assert.equal(await command('rpg.exportRun', { run, kind: 'tensorBoard', out }), out);
      const [file, ...others] = readdirSync(out);
      assert.match(file ?? '', /^events\.out\.tfevents\./);
      assert.ok(readFileSync(path.join(out, file!)).includes('train/loss'));
      assert.deepEqual(others, []);
    });

    it('Export asks which snapshot, where there are several', async () => {
      const out = path.join(workspace, 'step-10.pth');
      const offered = await answering([{ pick: 'Step 10' }, { save: out }], () =>
        command('rpg.exportRun', { run, kind: 'weights' }),
      );
      assert.deepEqual(offered, [['Step 12', 'Step 10', 'Step 5']]);
      const finished = readFileSync(path.join(runFolder(run), 'weights.pth'));
      assert.ok(!readFileSync(out).equals(finished));
    });

    it('Export says what stands in the way of a file, and offers no log for it', async () => {
      const out = path.join(workspace, 'README.md', 'out.csv');
      const messages = await messagesOf(() => command('rpg.exportRun', { run, kind: 'metrics', out }));
      assert.match(messages[0]?.text ?? '', /out\.csv cannot be written: .*choose another place/);
      assert.deepEqual(messages[0]?.buttons, []);
    });

    it('Rename, Unregister and their undo keep the record', async () => {
      const renamed = await command<DatasetRecord>('rpg.renameDataset', { dataset: 'zoo', newName: 'zoo-2' });
      assert.equal(renamed.name, 'zoo-2');
      const record = await command<DatasetRecord>('rpg.unregister', { dataset: 'zoo-2' });
      const { context } = await extension();
      assert.deepEqual(context.library.datasets, []);
      await command('rpg.undoUnregister', { record });
      assert.deepEqual(
        context.library.datasets.map(({ name }) => name),
        ['zoo-2'],
      );
      await command('rpg.renameDataset', { dataset: 'zoo-2', newName: 'zoo' });
    });

    it('Remove Run puts it aside, and Undo takes it back', async () => {
      const { context } = await extension();
      const removed = await command<{ trash: string }>('rpg.removeRun', { run });
      assert.equal(context.library.findRun(run), undefined);
      await command('rpg.undoRemoveRun', removed);
      assert.equal(context.library.findRun(run)?.status, 'finished');
    });

    it('Undo Remove Run lists what was removed, long after the message is gone', async () => {
      const { context } = await extension();
      await command('rpg.removeRun', { run });
      const asked = command('rpg.undoRemoveRun');
      await until('it is taken back', async () => {
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        return context.library.findRun(run) !== undefined;
      });
      await asked;
      assert.equal(context.library.findRun(run)?.status, 'finished');
    });

    it('Inspect Checkpoint opens the checkpoint editor, a folder its report', async () => {
      const file = path.join(workspace, 'zoo', 'checkpoint', 'net_0.pth');
      await command('rpg.inspectCheckpoint', vscode.Uri.file(file));
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      assert.ok(input instanceof vscode.TabInputCustom);
      assert.equal(input.viewType, 'rpg.checkpoint');
      await command('rpg.inspectCheckpoint', { path: path.join(workspace, 'zoo') });
      const text = vscode.window.activeTextEditor?.document.getText() ?? '';
      assert.match(text, /3 checkpoints/);
      assert.match(text, /conv\.weight/);
    });

    it('an open checkpoint is read again when it is replaced, removed, or back', async () => {
      const [a, b] = ['net_0.pth', 'net_1.pth'].map(name =>
        readFileSync(path.join(workspace, 'zoo', 'checkpoint', name)),
      );
      const file = path.join(workspace, 'replaced {1}.pth');
      writeFileSync(file, a!);
      let changes = 0;
      const watch = watchCheckpoint(file, false, () => changes++);
      const replace = (): void => {
        writeFileSync(`${file}.new`, b!);
        renameSync(`${file}.new`, file);
      };
      try {
        for (const [what, act] of [
          ['written in its place', () => writeFileSync(file, b!)],
          ['replaced', replace],
          ['removed', () => rmSync(file)],
          ['back', () => writeFileSync(file, a!)],
        ] as const) {
          const before = changes;
          await new Promise(resolve => setTimeout(resolve, 1000)); // the watcher begins, and is quiet again
          act();
          await until(`it is noticed that the file was ${what}`, () => changes > before);
        }
      } finally {
        watch.dispose();
        rmSync(file, { force: true });
      }
    });

    it('Convert Checkpoint asks for what can be changed, and writes it', async () => {
      const { context } = await extension();
      const input = path.join(workspace, 'zoo', 'checkpoint', 'net_0.pth');
      const output = path.join(workspace, 'converted.safetensors');
      const offered = await answering([{ pick: 'float16' }, { save: output }], () =>
        command('rpg.convertCheckpoint', vscode.Uri.file(input)),
      );
      assert.deepEqual(offered, [['As they are', 'float32', 'float16', 'bfloat16', 'float64']]);
      const report = await context.client.call(inspect, { path: output, statistics: false });
      assert.ok(report.kind === 'checkpoint' && report.format === 'safetensors');
      assert.ok(report.tensors.some(({ dtype }) => dtype === 'float16'));
    });

    it('Convert Checkpoint replaces nothing unasked, and says so without words for a terminal', async () => {
      const input = path.join(workspace, 'zoo', 'checkpoint', 'net_0.pth');
      const output = path.join(workspace, 'converted.safetensors');
      const before = readFileSync(output);
      const [message] = await messagesOf(() => command('rpg.convertCheckpoint', { input, output }));
      assert.match(message?.text ?? '', /converted\.safetensors exists already/);
      assert.doesNotMatch(message!.text, /--/);
      assert.deepEqual(readFileSync(output), before);
      rmSync(output);
    });

    it('Convert Checkpoint says why a folder of checkpoints is none', async () => {
      const [message] = await messagesOf(() =>
        command('rpg.convertCheckpoint', vscode.Uri.file(path.join(workspace, 'zoo'))),
      );
      assert.match(message?.text ?? '', /is a folder of checkpoints; convert one of them/);
    });

    it('Compare Checkpoints takes two, and says so where more are selected', async () => {
      const uris = [0, 1, 2].map(index =>
        vscode.Uri.file(path.join(workspace, 'zoo', 'checkpoint', `net_${index}.pth`)),
      );
      const [message] = await messagesOf(() => command('rpg.compareCheckpoints', uris[0], uris));
      assert.match(message?.text ?? '', /Two checkpoints are compared, and 3 are selected/);
    });

    it('Compare Checkpoints shows tensor by tensor', async () => {
      const [a, b] = ['net_0.pth', 'net_1.pth'].map(name => path.join(workspace, 'zoo', 'checkpoint', name));
      const compared = await command<{ isEqual: boolean }>('rpg.compareCheckpoints', { a, b });
      assert.equal(compared.isEqual, false);
      assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /conv\.weight +changed/);
    });

    it('Open Results, in an editor too, and Compare Runs', async () => {
      await command('rpg.openResults', { run });
      assert.deepEqual(await command('rpg.compareRuns', { runs: [run] }), [run]);
      await command('rpg.openResultsInEditor', { run });
      const labels = (): string[] => vscode.window.tabGroups.all.flatMap(group => group.tabs.map(tab => tab.label));
      await until('its tab', () => labels().includes('RPG Results'));
      await command('workbench.action.closeAllEditors');
    });

    it('Choose Device writes the setting', async () => {
      assert.equal(await command('rpg.chooseDevice', { device: 'portable/wasm' }), 'portable/wasm');
      assert.equal(vscode.workspace.getConfiguration('rpg').get('device'), 'portable/wasm');
      await vscode.workspace.getConfiguration('rpg').update('device', undefined, true);
    });

    it('Choose Device writes where the workspace has a device of its own', async () => {
      const setting = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration('rpg');
      await setting().update('device', 'portable/cpu', vscode.ConfigurationTarget.Workspace);
      await command('rpg.chooseDevice', { device: 'portable/wasm' });
      assert.equal(setting().get('device'), 'portable/wasm');
      assert.equal(setting().inspect('device')?.globalValue, undefined);
      await setting().update('device', undefined, vscode.ConfigurationTarget.Workspace);
    });

    it('Check Set-up finds the device, the dataset and its test', async () => {
      const items = await command<SetUpItem[]>('rpg.checkSetUp', { isSilent: true });
      const states = new Map(items.map(({ id, state }) => [id, state]));
      assert.equal(states.get('device'), 'ok');
      assert.equal(states.get('dataset'), 'ok');
      assert.equal(states.get('test'), 'ok');
      assert.ok(states.has('python'));
    });

    it('About the Methods opens a list of them', async () => {
      const methods = await command<MethodInfo[]>('rpg.aboutMethods');
      assert.equal(methods[0]?.id, 'rpg');
      const shown = vscode.window.activeTextEditor?.document.getText() ?? '';
      assert.match(shown, /^Methods\n/);
      assert.match(shown, /rpg +Recurrent diffusion +arXiv 2501\.11587/);
    });

    it('Benchmark times a preset and shows what it found', async () => {
      const measured = await command<BenchmarkResult>('rpg.benchmark', {
        preset: 'demo',
        nTokens: 5,
        steps: 2,
        sampleSteps: 2,
      });
      assert.ok(measured.stepMs.median > 0);
      assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /one network in 2 DDIM steps +[\d.]+ s/);
    });

    it('Prepare Checkpoints runs the training command as a task and measures again', async () => {
      const source = path.join(workspace, 'zoo', 'checkpoint');
      const copy = `cp "${path.join(source, 'net_0.pth')}" "${path.join(source, 'net_9.pth')}"`;
      const record = await command<DatasetRecord>('rpg.prepareCheckpoints', { dataset: 'zoo', command: copy });
      assert.equal(record.nCheckpoints, 4);
      await vscode.workspace.fs.delete(vscode.Uri.file(path.join(source, 'net_9.pth')));
      await command('rpg.registerFolder', { folder: path.join(workspace, 'zoo'), name: 'zoo', replace: true });
    });

    it('Prepare Checkpoints says so where its folder is gone, and does not wait for a task that cannot begin', async () => {
      const folder = path.join(workspace, 'no such folder');
      const [message] = await messagesOf(() => command('rpg.prepareCheckpoints', { folder, command: 'true' }));
      assert.match(message?.text ?? '', /no such folder does not exist; put it back/);
    });

    it('a registered folder is measured again, and keeps its name and test', async () => {
      const { context } = await extension();
      const names = context.library.datasets.map(({ name }) => name);
      const testCommand = 'node test.js {file}';
      await command('rpg.editTestCommand', { dataset: 'zoo', testCommand });
      const folder = path.join(workspace, 'zoo', 'checkpoint');
      const prepared = await command<DatasetRecord>('rpg.prepareCheckpoints', { folder, command: 'true' });
      assert.equal(prepared.name, 'zoo');
      const again = { folder: path.join(workspace, 'zoo'), name: 'zoo', replace: true }; // as Register Again asks for it
      const registered = await command<DatasetRecord>('rpg.registerFolder', again);
      assert.equal(registered.testCommand, testCommand);
      assert.deepEqual(
        context.library.datasets.map(({ name }) => name),
        names,
      );
    });

    it('Register asks which weights are the network, where each file holds several', async () => {
      const folder = path.join(workspace, 'nested');
      mkdirSync(folder);
      for (const name of ['a.pth', 'b.pth'])
        copyFileSync(path.join(root, 'test', 'fixtures', 'torch', 'nested.pth'), path.join(folder, name));
      const offered = await answering([{ type: 'averages' }, { type: '' }, { pick: 'nested.x.y' }], () =>
        command('rpg.registerFolder', { folder }),
      );
      assert.deepEqual(offered, [['model', 'nested.x.y']]); // not the optimizer's
      const { context } = await extension();
      assert.equal(context.library.datasets.find(({ name }) => name === 'averages')?.key, 'nested.x.y');
      await command('rpg.unregister', { dataset: 'averages' });
      rmSync(folder, { recursive: true });
    });

    it('New Run Configuration opens a file that Train accepts', async () => {
      const file = await command<string>('rpg.newConfiguration', { dataset: 'zoo' });
      assert.equal(path.basename(file), 'zoo.rpg.json');
      assert.equal(vscode.window.activeTextEditor?.document.fileName, file);
    });

    it('Create Demo Zoo trains networks and registers them', async () => {
      const made = await command<{ dataset: string }>('rpg.createDemoZoo', {
        recipe: 'fashion-mlp',
        perRun: 2,
        epochs: 1,
        name: 'mlp',
      });
      const { context } = await extension();
      assert.equal(made.dataset, 'mlp');
      assert.equal(context.library.datasets.find(({ name }) => name === 'mlp')?.nCheckpoints, 2);
      await command('rpg.unregister', { dataset: 'mlp' });
    });
  });
}
