// Activation: quick, lazy, complete.
import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { command, commandsRun, extension, extensionId, until } from './host';

interface Manifest {
  contributes: {
    commands: { command: string; title: string; category: string; enablement?: string }[];
    configuration: { properties: Record<string, { default: unknown }> };
  };
}

const manifest = JSON.parse(readFileSync(path.join(process.env.RPG_TEST_ROOT!, 'package.json'), 'utf8')) as Manifest; // our own file

/** Last of all suites. */
export function everyCommandSuite(): void {
  describe('every command', () => {
    it('of the manifest was run by a test', () => {
      const missing = manifest.contributes.commands.map(entry => entry.command).filter(id => !commandsRun.has(id));
      assert.deepEqual(process.env.RPG_TEST_GREP ? [] : missing, []);
    });

    it('that needs something says so by its enablement; only these need nothing', () => {
      const free = manifest.contributes.commands.filter(({ enablement }) => enablement === undefined);
      assert.deepEqual(free.map(entry => entry.command.slice('rpg.'.length)).sort(), [
        'aboutMethods',
        'benchmark',
        'checkSetUp',
        'chooseDevice',
        'compareCheckpoints',
        'convertCheckpoint',
        'inspectCheckpoint',
        'openResults',
        'openResultsInEditor',
        'refresh',
        'restartSidecar',
        'showLog',
        'undoUnregister',
      ]);
    });
  });
}

export function activation(): void {
  describe('activation', () => {
    it('does not happen before the extension is needed', () => {
      assert.equal(vscode.extensions.getExtension(extensionId)?.isActive, false);
    });

    it('starts no process', async () => {
      const { activationMs, context } = await extension();
      console.log(`[test] activation took ${activationMs.toFixed(1)} ms`);
      assert.equal(context.sidecar.pid, null);
    });

    it('registers every command of the manifest', async () => {
      const known = new Set(await vscode.commands.getCommands(true));
      const missing = manifest.contributes.commands.filter(entry => !known.has(entry.command));
      assert.deepEqual(missing, []);
    });

    it('gives every setting the default it declares', () => {
      for (const [key, { default: value }] of Object.entries(manifest.contributes.configuration.properties))
        assert.deepEqual(vscode.workspace.getConfiguration().get(key), value, key);
    });

    it('contributes the schema of configuration files', async () => {
      const file = vscode.Uri.file(path.join(process.env.RPG_TEST_WORKSPACE!, 'checked.rpg.json'));
      await vscode.workspace.fs.writeFile(file, Buffer.from('{ "preset": "no such preset" }\n'));
      const document = await vscode.workspace.openTextDocument(file);
      assert.equal(document.languageId, 'json');
      const complaints = (): string[] => vscode.languages.getDiagnostics(file).map(({ message }) => message);
      await vscode.window.showTextDocument(document);
      await until('the preset is complained of', () => complaints().some(text => text.includes('"demo"')));
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await vscode.workspace.fs.delete(file);
    });

    it('works in the workspace, not in the browser', () => {
      const { extensionKind } = vscode.extensions.getExtension(extensionId)!;
      assert.equal(extensionKind, vscode.ExtensionKind.Workspace);
    });

    it('shows its log and reads everything again by command', async () => {
      await command('rpg.showLog');
      await command('rpg.refresh');
    });
  });
}
