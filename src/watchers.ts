// Notices what other processes do: a run started from a terminal, a dataset registered elsewhere, a run that ends. Watching
// the files is not enough on every disk, so while something is being trained it is also looked at now and then.
import * as vscode from 'vscode';
import type { Library } from './state/library';

const settleMs = 400;
const lookEveryMs = 3000;

export function watchRecords(workspace: vscode.Uri, library: Library): vscode.Disposable {
  let timer: NodeJS.Timeout | null = null;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      void library.refresh();
    }, settleMs);
  };
  const patterns = [
    '.rpg',
    '.rpg/datasets/*.json',
    '.rpg/runs/*',
    '.rpg/runs/*/{run.json,lock}',
    '.rpg/runs/*/state/*/DONE',
    '.rpg/runs/*/{evaluations,samples}/*',
  ];
  const watchers = patterns.map(pattern => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(workspace, pattern));
    watcher.onDidCreate(soon);
    watcher.onDidChange(soon);
    watcher.onDidDelete(soon);
    return watcher;
  });
  const look = setInterval(() => {
    if (library.runs.some(run => run.status === 'running')) void library.refresh();
  }, lookEveryMs);
  return vscode.Disposable.from(...watchers, {
    dispose: () => {
      clearInterval(look);
      if (timer) clearTimeout(timer);
    },
  });
}
