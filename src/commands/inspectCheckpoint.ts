// RPG: Inspect Checkpoint — a file in the checkpoint editor; a folder of them as a report of what its files have in common.
import { statSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { inspect } from '../../protocol/checkpoints';
import { checkpointEditorType, isAdapter } from '../editors/checkpointEditor';
import { showReport } from '../editors/reports';
import { folderReportText } from '../text/reports';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

export const inspectCheckpointCommand: RpgCommand = {
  async run(context, argument) {
    const given = text(values(argument).path);
    const chosen =
      argument instanceof vscode.Uri
        ? argument
        : given === undefined
          ? await askCheckpoint(context)
          : vscode.Uri.file(given);
    if (!chosen) return undefined;
    if (!isPlainFolder(chosen.fsPath)) {
      await runCommand('vscode.openWith', chosen, checkpointEditorType);
      return chosen.fsPath;
    }
    const name = path.basename(chosen.fsPath);
    const report = await callWithNotification(context, `Inspecting ${name}`, inspect, { path: chosen.fsPath });
    if (report.kind === 'folder') await showReport(`${name} (folder)`, folderReportText(report));
    return chosen.fsPath;
  },
};

function isPlainFolder(file: string): boolean {
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder && !isAdapter(file);
}

export async function askCheckpoint(
  { client }: CommandContext,
  title = 'Inspect Checkpoint',
): Promise<vscode.Uri | undefined> {
  const { checkpointFormats } = await client.capabilities();
  const extensions = [
    ...new Set(checkpointFormats.flatMap(format => format.extensions.map(ending => ending.slice(1)))),
  ];
  const chosen = await vscode.window.showOpenDialog({
    title,
    openLabel: 'Choose',
    filters: { Checkpoints: extensions, 'All files': ['*'] },
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return chosen?.[0];
}
