// The trees say what is on the disk, whoever put it there.
import * as assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync, rmSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { command, extension, messagesOf, registeredZoo, runFolder, until, workspace } from './host';

const descriptionOf = (item: vscode.TreeItem): string => String(item.description);

export function treeSuite(): void {
  describe('the trees', () => {
    before(registeredZoo);

    it('list a dataset with its size, test and files', async () => {
      const { datasetsTree } = await extension();
      const [dataset] = await datasetsTree.getChildren();
      assert.ok(dataset?.kind === 'dataset');
      assert.equal(datasetsTree.getTreeItem(dataset).label, 'zoo');
      assert.equal(descriptionOf(datasetsTree.getTreeItem(dataset)), '3 checkpoints');
      const children = await datasetsTree.getChildren(dataset);
      assert.deepEqual(
        children.map(child => datasetsTree.getTreeItem(child).label),
        ['Weights', 'Test', 'Checkpoints'],
      );
      const [weights] = children.map(child => datasetsTree.getTreeItem(child));
      assert.equal(weights?.tooltip, `Weights: ${descriptionOf(weights!)}`); // where the row is too narrow for it
      const files = await datasetsTree.getChildren(children.at(-1));
      assert.deepEqual(
        files.map(file => datasetsTree.getTreeItem(file).label),
        ['net_0.pth', 'net_1.pth', 'net_2.pth'],
      );
    });

    it('list adapters, which are folders, and open every checkpoint in its editor', async () => {
      const { datasetsTree } = await extension();
      const folder = path.join(workspace, 'mixed');
      for (const name of ['adapter_10', 'adapter_2', 'logs']) mkdirSync(path.join(folder, name), { recursive: true });
      for (const name of ['adapter_10', 'adapter_2'])
        writeFileSync(path.join(folder, name, 'adapter_config.json'), '{}');
      for (const name of ['pytorch_model.bin', 'notes.txt']) writeFileSync(path.join(folder, name), 'text');
      const items = (await datasetsTree.getChildren({ kind: 'folder', folder, label: 'Checkpoints' })).map(node =>
        datasetsTree.getTreeItem(node),
      );
      const editors = { checkpoint: vscode.TabInputCustom, file: vscode.TabInputText };
      const expected = {
        adapter_2: 'checkpoint',
        adapter_10: 'checkpoint',
        'notes.txt': 'file',
        'pytorch_model.bin': 'checkpoint',
      };
      assert.deepEqual(
        items.map(({ label, contextValue }) => [label, contextValue]),
        Object.entries(expected),
      );
      for (const { label, contextValue, command: click } of items) {
        await vscode.commands.executeCommand(click!.command, ...(click!.arguments as unknown[]));
        const { label: title, input } = vscode.window.tabGroups.activeTabGroup.activeTab!;
        assert.equal(title, label);
        assert.ok(input instanceof editors[contextValue as keyof typeof editors], `the editor of ${title}`);
      }
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      rmSync(folder, { recursive: true });
    });

    it('stay small for a folder of ten thousand files', async () => {
      const { datasetsTree } = await extension();
      const folder = path.join(workspace, 'many');
      mkdirSync(folder);
      for (let index = 0; index < 10_000; index++) writeFileSync(path.join(folder, `file_${index}.pth`), '');
      const children = await datasetsTree.getChildren({ kind: 'folder', folder, label: 'Checkpoints' });
      rmSync(folder, { recursive: true });
      assert.equal(children.length, 201);
      assert.equal(datasetsTree.getTreeItem(children[200]!).label, '… and 9,800 more');
    });

    it('say that a dataset whose folder moved is gone, and find it again', async () => {
      const { datasetsTree, context } = await extension();
      const [from, to] = [path.join(workspace, 'zoo'), path.join(workspace, 'zoo elsewhere “é”')];
      renameSync(from, to);
      await context.library.refresh();
      const [gone] = await datasetsTree.getChildren();
      assert.equal(descriptionOf(datasetsTree.getTreeItem(gone!)), 'its folder is gone');
      assert.equal(datasetsTree.getTreeItem(gone!).contextValue, 'dataset.missing');
      for (const id of ['rpg.train', 'rpg.editTestCommand']) {
        const [message] = await messagesOf(() =>
          command(id, { dataset: 'zoo', preset: 'demo', testCommand: 'x {file}' }),
        );
        assert.match(message?.text ?? '', /its folder is gone: .*Locate Dataset/);
        assert.deepEqual(message?.buttons, ['Locate…']);
      }
      await command('rpg.locateDataset', { dataset: 'zoo', folder: to });
      assert.equal(context.library.datasets[0]?.state, 'ready');
      renameSync(to, from);
      await command('rpg.locateDataset', { dataset: 'zoo', folder: from });
      assert.equal(context.library.datasets[0].path, from);
    });

    it('notice a dataset that another process registered', async () => {
      const { context } = await extension();
      const records = path.join(workspace, '.rpg', 'datasets');
      const { path: _path, state: _state, ...record } = context.library.datasets[0]!;
      writeFileSync(path.join(records, 'other.json'), JSON.stringify({ ...record, name: 'other' }));
      await until('the dataset appears', () => context.library.datasets.some(({ name }) => name === 'other'));
      rmSync(path.join(records, 'other.json'));
      await until('the dataset is gone', () => context.library.datasets.every(({ name }) => name !== 'other'));
    });

    it('show runs that are half deleted, damaged, or made by a newer version, with the reason', async () => {
      const { context, runsTree } = await extension();
      const odd = {
        '0901-empty': null,
        '0902-damaged': '{ "formatVersion": 1',
        '0903-newer': '{ "formatVersion": 99 }',
      };
      for (const [id, content] of Object.entries(odd)) {
        mkdirSync(runFolder(id), { recursive: true });
        if (content !== null) writeFileSync(path.join(runFolder(id), 'run.json'), content);
      }
      await context.library.refresh();
      for (const id of Object.keys(odd)) {
        const run = context.library.findRun(id);
        assert.equal(run?.status, 'unreadable', id);
        const item = runsTree.getTreeItem({ kind: 'run', run: run });
        assert.equal(item.description, 'cannot be read');
        assert.match(
          typeof item.tooltip === 'string' ? item.tooltip : '',
          id === '0903-newer' ? /newer version/ : /run\.json/,
        );
        const [problem] = runsTree.getChildren({ kind: 'run', run: run });
        assert.equal(problem?.kind === 'fact' && problem.label, 'Problem');
      }
      for (const id of Object.keys(odd)) rmSync(runFolder(id), { recursive: true });
      await context.library.refresh();
    });
  });
}
