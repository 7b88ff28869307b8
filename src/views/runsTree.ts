// The Runs view: every run of the workspace, newest first, whoever trains it. A run at work has a live line.
import * as vscode from 'vscode';
import type { RunSummary } from '../../protocol/runRecords';
import { runIcon } from '../commands/ask';
import { isPreparing, type Jobs } from '../state/jobs';
import type { Library } from '../state/library';
import { runLine, runTooltip } from '../text/runLine';
import { formatCount, formatLoss } from '../../shared/words';

export type RunNode =
  /** `run` is as the row is drawn. */
  | { readonly kind: 'run'; run: RunSummary }
  | { readonly kind: 'preparing'; readonly job: string; readonly title: string; readonly message: string }
  | { readonly kind: 'fact'; readonly label: string; readonly description: string; readonly icon: string };

/** A row that is drawn again loses the click that is just made on its buttons: seldom, and no row but those that changed. */
const redrawEveryMs = 2000;

export class RunsTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly #subscriptions;
  readonly onDidChangeTreeData = this.#changed.event;
  /** By run: VS Code draws a row again only for the very node it was given. */
  #nodes = new Map<string, Extract<RunNode, { kind: 'run' }>>();
  #nPreparing = 0;
  /** Runs whose rows are out of date. */
  readonly #stale = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    readonly library: Library,
    readonly jobs: Jobs,
  ) {
    this.#subscriptions = [
      library.onChange(change => (change.kind === 'all' ? this.#redrawAll() : this.#onRun(change.run))),
      library.onProgress(run => this.#redrawSoon(run)),
      jobs.onChange(() => this.#redrawSoon(...jobs.all.flatMap(({ training }) => training?.run ?? []))),
    ];
  }

  dispose(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  getChildren(node?: RunNode): RunNode[] {
    if (node === undefined) {
      this.#nodes = new Map(this.library.runs.map(run => [run.id, { kind: 'run', run }]));
      const preparing = this.#preparing();
      this.#nPreparing = preparing.length;
      return [...preparing, ...this.#nodes.values()];
    }
    return node.kind === 'run' ? factsOf(node.run) : [];
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return this.#runItem(node.run);
      case 'preparing': {
        const item = new vscode.TreeItem(node.title);
        item.description = node.message;
        item.iconPath = new vscode.ThemeIcon('loading~spin');
        item.contextValue = 'preparing';
        return item;
      }
      case 'fact': {
        const item = new vscode.TreeItem(node.label);
        item.description = node.description;
        item.iconPath = new vscode.ThemeIcon(node.icon);
        item.tooltip = `${node.label}: ${node.description}`;
        return item;
      }
      default:
        return node satisfies never;
    }
  }

  #runItem(run: RunSummary): vscode.TreeItem {
    const training = this.jobs.trainingOf(run.id)?.training ?? null;
    const item = new vscode.TreeItem(run.id, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = run.id;
    item.description = runLine(run, training);
    item.tooltip = runTooltip(run);
    item.iconPath = new vscode.ThemeIcon(runIcon(run), iconColor(run));
    item.contextValue = `run.${run.status}${run.snapshots.length > 0 ? '.hasSnapshot' : ''}`;
    item.command = { command: 'rpg.openResults', title: 'Open Results', arguments: [{ run: run.id }] };
    item.accessibilityInformation = { label: `run ${run.id}, ${run.status}, ${item.description}` };
    return item;
  }

  /** Trainings that have no folder yet. */
  #preparing(): RunNode[] {
    return this.jobs.all
      .filter(isPreparing)
      .map(({ view: { id, title, message } }) => ({ kind: 'preparing', job: id, title, message }));
  }

  /** Its buttons and icon go with its status: at once. */
  #onRun(id: string): void {
    this.#stale.add(id);
    if (this.#nodes.get(id)?.run.status === this.library.findRun(id)?.status) this.#redrawSoon();
    else this.#redraw([id]);
  }

  #redrawSoon(...runs: readonly string[]): void {
    for (const run of runs) this.#stale.add(run);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#redraw();
    }, redrawEveryMs);
  }

  /** The rows that are out of date; all of them where one comes or goes that has no folder. */
  #redraw(runs: Iterable<string> = [...this.#stale]): void {
    if (this.#nPreparing > 0 || this.jobs.all.some(isPreparing)) {
      this.#redrawAll();
      return;
    }
    for (const id of runs) {
      this.#stale.delete(id);
      const node = this.#nodes.get(id);
      const run = this.library.findRun(id);
      if (!node || !run) continue; // it comes or goes with the list
      node.run = run;
      this.#changed.fire(node);
    }
  }

  #redrawAll(): void {
    this.#stale.clear();
    this.#changed.fire(undefined);
  }
}

function iconColor({ status }: RunSummary): vscode.ThemeColor | undefined {
  if (status === 'failed' || status === 'unreadable') return new vscode.ThemeColor('list.errorForeground');
  if (status === 'finished') return new vscode.ThemeColor('charts.green');
  return status === 'interrupted' ? new vscode.ThemeColor('list.warningForeground') : undefined;
}

function factsOf(run: RunSummary): RunNode[] {
  const fact = (label: string, description: string, icon: string): RunNode => ({
    kind: 'fact',
    label,
    description,
    icon,
  });
  return [
    ...(run.problem === null ? [] : [fact('Problem', run.problem.split('\n')[0]!, 'warning')]),
    fact('Dataset', run.dataset, 'database'),
    fact('Loss', formatLoss(run.loss), 'graph-line'),
    fact('Device', `${run.engine}/${run.device}`, 'chip'),
    fact('Snapshots', run.snapshots.map(formatCount).join(', ') || 'none yet', 'save'),
    ...(run.pid === null ? [] : [fact('Process', String(run.pid), 'server-process')]),
  ];
}
