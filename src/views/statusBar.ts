// One item in the status bar: what goes on, how far it is, and whether the sidecar is well. A click opens the results.
import * as vscode from 'vscode';
import type { Jobs } from '../state/jobs';
import type { Library } from '../state/library';
import { jobViews } from '../state/viewState';
import type { SidecarProcess } from '../sidecarProcess';
import { statusText } from '../text/statusText';

const redrawEveryMs = 500;

export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('rpg.status', vscode.StatusBarAlignment.Left, 10);
  readonly #subscriptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    readonly jobs: Jobs,
    readonly library: Library,
    readonly sidecar: SidecarProcess,
  ) {
    this.#item.name = 'RPG';
    const soon = (): void => this.#redrawSoon();
    this.#subscriptions = [
      jobs.onChange(soon),
      library.onChange(soon),
      library.onProgress(soon),
      sidecar.onChange(() => this.#redraw()),
    ];
    this.#redraw();
  }

  /** What is shown, for tests. */
  get text(): string {
    return this.#item.text;
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }

  #redrawSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#redraw();
    }, redrawEveryMs);
  }

  #redraw(): void {
    const views = jobViews(this.jobs, this.library);
    const { text, tooltip, command, isWarning } = statusText(views, this.sidecar.state);
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.command = command;
    this.#item.backgroundColor = isWarning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }
}
