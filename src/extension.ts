// The extension, as a table of contents: a sidecar that computes, what is known of the workspace, and the ways to see and
// change it. Nothing is started here: the sidecar begins with the first question.
import { existsSync, mkdirSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { trustWorkspace } from '../protocol/session';
import type { CommandContext, RpgCommand } from './commands/command';
import { commands } from './commands/registry';
import { publishContextKeys } from './contextKeys';
import { CheckpointEditor, checkpointEditorType } from './editors/checkpointEditor';
import { registerReports } from './editors/reports';
import { watchForHangs } from './hangWatch';
import { readSettings } from './settings';
import { showError } from './showError';
import { createSidecarClient } from './sidecarClient';
import { SidecarProcess } from './sidecarProcess';
import { Jobs } from './state/jobs';
import { Library } from './state/library';
import { RunFollower } from './state/runFollower';
import { formatCount } from '../shared/words';
import { DatasetsTree } from './views/datasetsTree';
import { registerResults, ResultsViews } from './views/resultsView';
import { RunsTree } from './views/runsTree';
import { StatusBar } from './views/statusBar';
import { watchRecords } from './watchers';
import { requireWorkspace, workspaceFolder } from './workspaceFolder';
import { runCommand } from './runCommand';

/** What tests may look at. */
export interface RpgExtension {
  readonly activationMs: number;
  readonly context: CommandContext;
  readonly datasetsTree: DatasetsTree;
  readonly runsTree: RunsTree;
  readonly statusBar: StatusBar;
}

export function activate(extension: vscode.ExtensionContext): RpgExtension {
  const startedAt = performance.now();
  const log = vscode.window.createOutputChannel('RPG', { log: true });
  const onProblem = (error: unknown): void => showError(error, log);

  const sidecar = createSidecar(extension, log);
  const client = createSidecarClient(sidecar);
  const follower = new RunFollower({ client, hasRecords });
  const library = new Library({ client, hasRecords, follower });
  const jobs = new Jobs();
  const results = new ResultsViews({
    client,
    library,
    follower,
    jobs,
    extensionUri: extension.extensionUri,
    onProblem,
  });
  const context: CommandContext = {
    client,
    sidecar,
    library,
    jobs,
    log,
    results,
    workspace: requireWorkspace,
    memory: extension.workspaceState,
  };

  const datasetsTree = new DatasetsTree(library);
  const runsTree = new RunsTree(library, jobs);
  const statusBar = new StatusBar(jobs, library, sidecar);
  const folder = workspaceFolder();
  extension.subscriptions.push(
    ...Object.entries(commands).map(([id, command]) => registerCommand(id, command, context, onProblem)),
    vscode.window.createTreeView('rpg.datasets', { treeDataProvider: datasetsTree, showCollapseAll: true }),
    vscode.window.createTreeView('rpg.runs', {
      treeDataProvider: runsTree,
      canSelectMany: true,
      showCollapseAll: true,
    }),
    registerResults(results),
    vscode.window.registerCustomEditorProvider(
      checkpointEditorType,
      new CheckpointEditor({ client, extensionUri: extension.extensionUri, onProblem }),
      {
        webviewOptions: { retainContextWhenHidden: false },
        supportsMultipleEditorsPerDocument: true,
      },
    ),
    registerReports(),
    publishContextKeys(library, jobs),
    watchForHangs(client, sidecar, jobs),
    recover(sidecar, library),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void client.call(trustWorkspace, {}).catch(onProblem)),
    ...(folder ? [watchRecords(folder, library)] : []),
    datasetsTree,
    runsTree,
    statusBar,
    follower,
    sidecar,
    log,
  );
  void library.refresh().then(() => offerResume(context));
  return { activationMs: performance.now() - startedAt, context, datasetsTree, runsTree, statusBar };
}

/** The sidecar may need longer than the editor waits to save what it trains: it goes on alone, and ends itself. */
export function deactivate(): void {}

/** Without a folder only checkpoints can be looked at; the sidecar works in the extension's own folder then. */
function createSidecar(
  { extensionUri, globalStorageUri }: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): SidecarProcess {
  return new SidecarProcess({
    script: vscode.Uri.joinPath(extensionUri, 'dist', 'sidecar.js').fsPath,
    launch: () => ({
      nodePath: readSettings().nodePath,
      workspace: workspaceFolder()?.fsPath ?? ownFolder(globalStorageUri.fsPath),
      isTrusted: vscode.workspace.isTrusted,
    }),
    log: (level, message) => log[level](message),
  });
}

function ownFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

function registerCommand(
  id: string,
  { run }: RpgCommand,
  context: CommandContext,
  onProblem: (error: unknown) => void,
): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: unknown[]) => {
    try {
      return await run(context, ...args);
    } catch (error) {
      onProblem(error);
      return undefined;
    }
  });
}

/** A sidecar that could not start is tried again with another Node, and one that is well again is asked what it was asked before. */
function recover(sidecar: SidecarProcess, library: Library): vscode.Disposable {
  const subscription = sidecar.onChange(({ kind }) => {
    // One that is given up is asked for the reason.
    if ((kind === 'ready' || kind === 'failed') && library.isBehind) void library.refresh();
  });
  const settings = vscode.workspace.onDidChangeConfiguration(change => {
    if (change.affectsConfiguration('rpg.nodePath') && sidecar.state.kind === 'failed')
      void runCommand('rpg.restartSidecar');
  });
  return vscode.Disposable.from(subscription, settings);
}

function hasRecords(): boolean {
  const folder = workspaceFolder();
  return folder !== null && existsSync(path.join(folder.fsPath, '.rpg'));
}

const offeredKey = 'offeredResume';

/**
 * After a reload the trainings of the old window are interrupted: their last snapshot is safe, and one click goes on. Offered
 * once: who leaves a run as it is will not be asked with every window.
 */
function offerResume({ library, memory }: CommandContext): void {
  const interrupted = library.runs.filter(run => run.status === 'interrupted');
  const [newest] = interrupted;
  if (!newest) return;
  const place = `${newest.id} at step ${formatCount(newest.step)} of ${formatCount(newest.steps)}`;
  if (memory.get(offeredKey) === place) return;
  void memory.update(offeredKey, place);
  const message =
    interrupted.length === 1
      ? `${newest.id} was interrupted at step ${formatCount(newest.step)} of ${formatCount(newest.steps)}`
      : `${formatCount(interrupted.length)} runs were interrupted, the newest is ${newest.id}`;
  void vscode.window.showInformationMessage(message, 'Resume').then(chosen => {
    if (chosen) void runCommand('rpg.resume', { run: newest.id });
  });
}
