// Activation: quick, lazy, complete.
import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { command, extension, extensionId, root } from './host';

interface Manifest {
  contributes: {
    commands: { command: string }[];
    configuration: { properties: Record<string, { default: unknown }> };
  };
}

export function activation(): void {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest; // our own file

  describe('activation', () => {
    it('does not happen before the extension is needed', () => {
      assert.equal(vscode.extensions.getExtension(extensionId)?.isActive, false);
    });

    it('takes less than 100 ms and starts no process', async () => {
      const { activationMs, context } = await extension();
      console.log(`[test] activation took ${activationMs.toFixed(1)} ms`);
      assert.ok(activationMs < 100, `${activationMs} ms`);
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
      await vscode.workspace.fs.delete(file);
    });

    it('works in the workspace, not in the browser', () => {
      const { extensionKind } = vscode.extensions.getExtension(extensionId)!;
      assert.equal(extensionKind, vscode.ExtensionKind.Workspace);
    });

    it('shows its log by command', async () => {
      await command('rpg.showLog');
    });
  });
}
