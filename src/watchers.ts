// Notices what other processes do that the sidecar does not tell by itself: the first record of a workspace, a dataset registered
// elsewhere, and what is removed from a run's folder by hand. Runs are told of as they go (`state/runFollower.ts`).
import * as vscode from 'vscode';
import type { Library } from './state/library';

const settleMs = 400;

export function watchRecords(workspace: vscode.Uri, library: Library): vscode.Disposable {
  let timer: NodeJS.Timeout | null = null;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      void library.refresh();
    }, settleMs);
  };
  const patterns = ['.rpg', '.rpg/datasets/*.json', '.rpg/runs/*/{evaluations,samples}/*'];
  const watchers = patterns.map(pattern => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(workspace, pattern));
    watcher.onDidCreate(soon);
    watcher.onDidChange(soon);
    watcher.onDidDelete(soon);
    return watcher;
  });
  return vscode.Disposable.from(...watchers, {
    dispose: () => {
      if (timer) clearTimeout(timer);
    },
  });
}
