// The read-only editor of checkpoints. The sidecar reads, nothing is executed; names and shapes come at once, statistics when
// the file is small or the person asks.
import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { CheckpointIntent, CheckpointMessage, CheckpointState } from '../../protocol/checkpointView';
import { type CheckpointReport, inspect } from '../../protocol/checkpoints';
import { readSettings } from '../settings';
import type { SidecarClient } from '../sidecarClient';
import { isCancelled, SidecarError, toSidecarError } from '../sidecarError';
import { problemView } from '../state/viewState';
import { saveExport } from '../views/saveExport';
import { setDocument } from '../views/webviewDocument';
import { watchCheckpoint } from './watchCheckpoint';
import { runCommand } from '../runCommand';

export const checkpointEditorType = 'rpg.checkpoint';

/** An adapter is a folder with a configuration inside; its tensors are shown like a file's. */
export const isAdapter = (file: string): boolean => existsSync(path.join(file, 'adapter_config.json'));

interface Host {
  readonly client: SidecarClient;
  readonly extensionUri: vscode.Uri;
  readonly onProblem: (error: unknown) => void;
}

export class CheckpointEditor implements vscode.CustomReadonlyEditorProvider {
  constructor(private readonly host: Host) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => {} };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const { client, onProblem } = this.host;
    const post = (message: CheckpointMessage): void => void panel.webview.postMessage(message);
    const page = new CheckpointPage(uri.fsPath, client, post, onProblem);
    const watcher = watchCheckpoint(uri.fsPath, isAdapter(uri.fsPath), () => void page.read());
    // The cast: page and host are built together.
    panel.webview.onDidReceiveMessage((intent: CheckpointIntent) => page.receive(intent));
    panel.onDidDispose(() => {
      watcher.dispose();
      page.dispose();
    });
    setDocument(panel.webview, this.host.extensionUri, { kind: 'checkpoint', place: 'editor' });
  }
}

/** One page's conversation. */
class CheckpointPage {
  #key: string | undefined;
  #report: CheckpointReport | null = null;
  #reading: AbortController | null = null;

  constructor(
    private readonly file: string,
    private readonly client: SidecarClient,
    private readonly post: (message: CheckpointMessage) => void,
    private readonly onProblem: (error: unknown) => void,
  ) {}

  dispose(): void {
    this.#reading?.abort();
  }

  receive(intent: CheckpointIntent): void {
    switch (intent.kind) {
      case 'ready':
        return void this.read();
      case 'selectDictionary':
        this.#key = intent.key;
        return void this.read();
      case 'readStatistics':
        return void this.#readStatistics();
      case 'cancel':
        return this.#reading?.abort();
      case 'compare':
        return void runCommand('rpg.compareCheckpoints', vscode.Uri.file(this.file));
      case 'copy':
        return void vscode.env.clipboard.writeText(intent.text);
      case 'export':
        return void saveExport(intent).catch((error: unknown) => this.onProblem(error));
      case 'command':
        return intent.command === 'retry' ? void this.read() : void runCommand('rpg.showLog');
      default:
        return intent satisfies never;
    }
  }

  /** Names, types and shapes; then the statistics, unless the file is large. */
  async read(): Promise<void> {
    this.#postState({ kind: 'loading', path: this.file });
    this.#report = await this.#inspect(false);
    if (!this.#report) return;
    const isLarge = this.#report.sizeBytes > readSettings().statisticsLimitBytes;
    this.#postState({ kind: 'ready', report: this.#report, statistics: isLarge ? 'no' : 'reading' });
    if (!isLarge) await this.#readStatistics();
  }

  async #readStatistics(): Promise<void> {
    const shapes = this.#report;
    if (!shapes) return;
    this.#postState({ kind: 'ready', report: shapes, statistics: 'reading' });
    const report = await this.#inspect(true);
    if (report) this.#postState({ kind: 'ready', report, statistics: 'yes' });
    else if (this.#report === shapes) this.#postState({ kind: 'ready', report: shapes, statistics: 'no' });
  }

  /** Null: it was cancelled, or the page was told why it cannot be read. */
  async #inspect(statistics: boolean): Promise<CheckpointReport | null> {
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    try {
      checkIsThere(this.file);
      const report = await this.client.call(
        inspect,
        { path: this.file, key: this.#key, statistics },
        {
          signal: reading.signal,
          onProgress: ({ fraction, message }) => {
            if (statistics && !reading.signal.aborted) this.post({ kind: 'progress', fraction, message });
          },
        },
      );
      if (report.kind === 'folder')
        throw new SidecarError('is-a-folder', 'user', `${this.file} is a folder of checkpoints`);
      return report;
    } catch (error) {
      if (isCancelled(error) || reading.signal.aborted) return null;
      this.#report = null;
      this.#postState({ kind: 'failed', path: this.file, problem: problemView(toSidecarError(error)) });
      return null;
    }
  }

  #postState(state: CheckpointState): void {
    this.post({ kind: 'state', state });
  }
}

function checkIsThere(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })) return;
  throw new SidecarError('file-gone', 'user', `${file} does not exist any more`);
}
