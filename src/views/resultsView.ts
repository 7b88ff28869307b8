// The results as webviews: one in the side bar, and any number of editor tabs. Each has a page of its own; what a page asks
// beyond being shown is done here, by the same commands a person has.
import * as vscode from 'vscode';
import type { RunAction, ViewCommand, ViewIntent, ViewSection } from '../../protocol/view';
import type { CommandContext, ResultsDoor } from '../commands/command';
import { SidecarError } from '../sidecarError';
import type { RunFollower } from '../state/runFollower';
import { saveExport } from './saveExport';
import { ResultsPage, type PageHost } from './resultsPage';
import { setDocument } from './webviewDocument';
import type { CommandId } from '../commandIds';
import { runCommand } from '../runCommand';

const resultsViewId = 'rpg.results';
const panelType = 'rpg.resultsPanel';

type Host = Pick<CommandContext, 'client' | 'library' | 'jobs'> & {
  readonly follower: RunFollower;
  readonly extensionUri: vscode.Uri;
  readonly onProblem: (error: unknown) => void;
};

export class ResultsViews
  implements ResultsDoor, vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, vscode.Disposable
{
  #side: { view: vscode.WebviewView; page: ResultsPage } | null = null;
  readonly #tabs = new Map<vscode.WebviewPanel, ResultsPage>();
  #wanted: { runs: readonly string[] | undefined; section: ViewSection | undefined } | null = null;

  constructor(private readonly host: Host) {}

  dispose(): void {
    this.#side?.page.dispose();
    for (const [panel, page] of this.#tabs) {
      page.dispose();
      panel.dispose();
    }
  }

  async show(runs?: readonly string[], section?: ViewSection): Promise<void> {
    // A tab that is open is where the person looks.
    const [tab] = this.#tabs;
    if (tab) {
      tab[0].reveal(undefined, true);
      tab[1].show(runs, section);
      return;
    }
    // A view that was never opened takes what is wanted when it is made.
    if (this.#side) this.#side.page.show(runs, section);
    else this.#wanted = { runs, section };
    await runCommand(`${resultsViewId}.focus`);
  }

  showInEditor(runs?: readonly string[]): void {
    const [tab] = this.#tabs;
    const selected = runs ?? this.#side?.page.selected;
    if (tab) {
      tab[0].reveal();
      tab[1].show(selected);
      return;
    }
    const panel = vscode.window.createWebviewPanel(panelType, 'RPG Results', vscode.ViewColumn.Active, {});
    this.#adopt(panel).show(selected);
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const page = this.#createPage(view.webview);
    this.#side = { view, page };
    view.onDidChangeVisibility(() => page.setVisible(view.visible));
    view.onDidDispose(() => {
      page.dispose();
      this.#side = null;
    });
    if (this.#wanted) page.show(this.#wanted.runs, this.#wanted.section);
    this.#wanted = null;
    setDocument(view.webview, this.host.extensionUri, { kind: 'results', place: 'sideBar' });
  }

  /** An editor tab from before the window was reloaded. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#adopt(panel);
  }

  #adopt(panel: vscode.WebviewPanel): ResultsPage {
    const page = this.#createPage(panel.webview);
    this.#tabs.set(panel, page);
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(this.host.extensionUri, 'media', name);
    panel.iconPath = { dark: icon('icon.svg'), light: icon('icon-light.svg') };
    panel.onDidChangeViewState(() => page.setVisible(panel.visible));
    panel.onDidDispose(() => {
      page.dispose();
      this.#tabs.delete(panel);
    });
    setDocument(panel.webview, this.host.extensionUri, { kind: 'results', place: 'editor' });
    return page;
  }

  #createPage(webview: vscode.Webview): ResultsPage {
    const pageHost: PageHost = {
      ...this.host,
      post: message => void webview.postMessage(message),
      perform: (intent, known) => void this.#perform(intent, known).catch(this.host.onProblem),
    };
    const page = new ResultsPage(pageHost);
    // The cast: page and host are built together; the kinds are compared in `receive`.
    webview.onDidReceiveMessage((intent: ViewIntent) => page.receive(intent));
    return page;
  }

  async #perform(intent: ViewIntent, known: ReadonlySet<string>): Promise<void> {
    switch (intent.kind) {
      case 'act':
        await runCommand(actionCommands[intent.action], { run: intent.run });
        return;
      case 'cancel':
        return this.host.jobs.find(intent.job)?.cancel();
      case 'open':
        if (known.has(intent.path)) await openPath(intent.path);
        return;
      case 'export':
        return saveExport(intent);
      case 'copy':
        return vscode.env.clipboard.writeText(intent.text);
      case 'command':
        await runCommand(viewCommandIds[intent.command]);
        return;
      default:
        return; // the page's own intents were handled by it; a newer page may post others
    }
  }
}

export function registerResults(results: ResultsViews): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.window.registerWebviewViewProvider(resultsViewId, results),
    vscode.window.registerWebviewPanelSerializer(panelType, results),
    results,
  );
}

const actionCommands: Readonly<Record<RunAction, CommandId>> = {
  stop: 'rpg.stop',
  resume: 'rpg.resume',
  generate: 'rpg.generate',
  evaluate: 'rpg.evaluate',
  delete: 'rpg.removeRun',
};

const viewCommandIds: Readonly<Record<ViewCommand, CommandId>> = {
  tryDemo: 'rpg.tryDemo',
  registerFolder: 'rpg.registerFolder',
  train: 'rpg.train',
  checkSetUp: 'rpg.checkSetUp',
  showLog: 'rpg.showLog',
  retry: 'rpg.refresh',
  openInEditor: 'rpg.openResultsInEditor',
};

/** Folders in the Explorer, where they are part of the workspace; checkpoints and texts in their editors. *Errors* `file-system`. */
async function openPath(file: string): Promise<void> {
  const uri = vscode.Uri.file(file);
  const isFolder = ((await typeOf(uri)) & vscode.FileType.Directory) !== 0;
  await runCommand(isFolder ? 'revealInExplorer' : 'vscode.open', uri);
}

async function typeOf(uri: vscode.Uri): Promise<vscode.FileType> {
  try {
    return (await vscode.workspace.fs.stat(uri)).type;
  } catch (error) {
    if (!(error instanceof vscode.FileSystemError)) throw error;
    const message = `${uri.fsPath} cannot be opened: ${error.message}; it may have been removed`;
    throw new SidecarError('file-system', 'user', message);
  }
}
