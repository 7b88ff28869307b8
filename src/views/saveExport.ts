// Saves a document a page made: the person chooses where, and it is written as it is.
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { ExportedFile } from '../../protocol/view';
import { writeFile } from '../writeFile';
import { runCommand } from '../runCommand';

export async function saveExport({ suggestedName, format, encoding, content }: ExportedFile): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = path.basename(suggestedName);
  const target = await vscode.window.showSaveDialog({
    defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(name),
    filters: { [format.toUpperCase()]: [format] },
  });
  if (!target) return;
  await writeFile(target, Buffer.from(content, encoding));
  // The editor has none for spreadsheets; the Explorer leads to the program that has.
  const [title, command] =
    format === 'xlsx' ? (['Reveal in Explorer', 'revealInExplorer'] as const) : (['Open', 'vscode.open'] as const);
  const chosen = await vscode.window.showInformationMessage(`${path.basename(target.fsPath)} written`, title);
  if (chosen) await runCommand(command, target);
}
