// Notices that a checkpoint became another: written in its place, replaced by renaming, removed, or back again. Of an adapter
// the files inside its folder.
import * as path from 'node:path';
import * as vscode from 'vscode';

/** A file that is written is touched many times, and one that is replaced is away for a moment. */
const settleMs = 300;

export function watchCheckpoint(file: string, isFolder: boolean, onChange: () => void): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
  };
  const pattern = isFolder
    ? new vscode.RelativePattern(vscode.Uri.file(file), '*')
    : new vscode.RelativePattern(vscode.Uri.file(path.dirname(file)), escapeGlob(path.basename(file)));
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  watcher.onDidCreate(soon);
  watcher.onDidChange(soon);
  watcher.onDidDelete(soon);
  return vscode.Disposable.from(watcher, { dispose: () => clearTimeout(timer) });
}

/** File names may hold what a glob pattern means otherwise. */
const escapeGlob = (name: string): string => name.replace(/[*?{}[\]]/g, character => `[${character}]`);
