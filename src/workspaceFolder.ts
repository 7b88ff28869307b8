// Which folder of the workspace holds `.rpg/`: the one that has it, else the first. It stays the same while the window lives.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { SidecarError } from './sidecarError';

export function workspaceFolder(): vscode.Uri | null {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const used = folders.find(({ uri }) => existsSync(path.join(uri.fsPath, '.rpg')));
  return (used ?? folders[0])?.uri ?? null;
}

/** *Errors* `no-workspace`. */
export function requireWorkspace(): string {
  const folder = workspaceFolder();
  if (folder) return folder.fsPath;
  throw new SidecarError(
    'no-workspace',
    'user',
    'datasets and runs are kept in a folder of the workspace; open one first',
  );
}
