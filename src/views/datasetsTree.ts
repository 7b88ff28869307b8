// The Datasets view: registered datasets, what is known of each, and its files. A folder may hold ten thousand of them: only
// the first are listed, and how many there are.
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { DatasetSummary } from '../../protocol/datasets';
import { checkpointEditorType, isAdapter } from '../editors/checkpointEditor';
import type { Library } from '../state/library';
import { formatBytes, formatCount, plural } from '../../shared/words';

export type DatasetNode =
  | { readonly kind: 'dataset'; readonly dataset: DatasetSummary }
  | {
      readonly kind: 'fact';
      readonly label: string;
      readonly description: string;
      readonly icon: string;
      readonly dataset: DatasetSummary;
    }
  | { readonly kind: 'folder'; readonly folder: string; readonly label: string }
  /** A checkpoint may also be the folder of an adapter. */
  | { readonly kind: 'file'; readonly file: string; readonly isCheckpoint: boolean }
  | { readonly kind: 'more'; readonly count: number; readonly folder: string };

/** More would make the tree slow and nobody reads them there. */
const maxFiles = 200;

export class DatasetsTree implements vscode.TreeDataProvider<DatasetNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #subscription;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(readonly library: Library) {
    this.#subscription = library.onChange(({ kind }) => {
      if (kind === 'all') this.#changed.fire(undefined);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async getChildren(node?: DatasetNode): Promise<DatasetNode[]> {
    switch (node?.kind) {
      case undefined:
        return this.library.datasets.map(dataset => ({ kind: 'dataset', dataset }));
      case 'dataset':
        return childrenOf(node.dataset);
      case 'folder':
        return filesOf(node.folder);
      default:
        return [];
    }
  }

  getTreeItem(node: DatasetNode): vscode.TreeItem {
    switch (node.kind) {
      case 'dataset':
        return datasetItem(node.dataset);
      case 'fact': {
        const item = new vscode.TreeItem(node.label);
        item.description = node.description;
        item.iconPath = new vscode.ThemeIcon(node.icon);
        item.tooltip = `${node.label}: ${node.description}`;
        item.contextValue = `fact.${node.label.toLowerCase()}`;
        return item;
      }
      case 'folder': {
        const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Collapsed);
        item.iconPath = vscode.ThemeIcon.Folder;
        item.resourceUri = vscode.Uri.file(node.folder);
        item.contextValue = 'folder';
        return item;
      }
      case 'file': {
        const uri = vscode.Uri.file(node.file);
        const item = new vscode.TreeItem(uri);
        item.label = path.basename(node.file);
        item.iconPath = node.isCheckpoint ? new vscode.ThemeIcon('file-binary') : vscode.ThemeIcon.File;
        // By our editor's name: it is not the one for every .bin, and for no folder.
        item.command = node.isCheckpoint
          ? { command: 'vscode.openWith', title: 'Inspect', arguments: [uri, checkpointEditorType, { preview: true }] }
          : { command: 'vscode.open', title: 'Open', arguments: [uri] };
        item.contextValue = node.isCheckpoint ? 'checkpoint' : 'file';
        return item;
      }
      case 'more':
        return new vscode.TreeItem(`… and ${formatCount(node.count)} more`);
      default:
        return node satisfies never;
    }
  }
}

function datasetItem(dataset: DatasetSummary): vscode.TreeItem {
  const { name, state, nCheckpoints, nWeights, checkpointBytes, path: folder, testCommand } = dataset;
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  const isReady = state === 'ready';
  const description = isReady ? plural(nCheckpoints, 'checkpoint') : 'its folder is gone';
  item.description = description;
  item.iconPath = new vscode.ThemeIcon(isReady ? 'database' : 'warning');
  item.contextValue = `dataset.${state}`;
  item.tooltip = [
    folder,
    `${plural(nCheckpoints, 'checkpoint')} of ${plural(nWeights, 'weight')}, ${formatBytes(checkpointBytes)}`,
    `test: ${testCommand ?? 'built in, if there is one'}`,
  ].join('\n');
  item.accessibilityInformation = { label: `dataset ${name}, ${description}` };
  return item;
}

async function childrenOf(dataset: DatasetSummary): Promise<DatasetNode[]> {
  const { path: folder, nWeights, checkpointBytes, testCommand, state } = dataset;
  const fact = (label: string, description: string, icon: string): DatasetNode => ({
    kind: 'fact',
    label,
    description,
    icon,
    dataset,
  });
  const facts = [
    fact('Weights', `${formatCount(nWeights)} a network · ${formatBytes(checkpointBytes)} in all`, 'symbol-numeric'),
    fact('Test', testCommand ?? 'built in, if there is one', 'beaker'),
  ];
  if (state === 'missing') return [fact('Missing', folder, 'warning'), ...facts];
  const inner = path.join(folder, 'checkpoint');
  const folders: DatasetNode[] = [
    { kind: 'folder', folder: (await isFolder(inner)) ? inner : folder, label: 'Checkpoints' },
  ];
  const generated = path.join(path.basename(folder) === 'checkpoint' ? path.dirname(folder) : folder, 'generated');
  if (await isFolder(generated)) folders.push({ kind: 'folder', folder: generated, label: 'Generated' });
  return [...facts, ...folders];
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(vscode.Uri.file(folder))).type & vscode.FileType.Directory) !== 0;
  } catch {
    return false;
  }
}

/** epoch_2 before epoch_10, as the Explorer has them. */
const naturalOrder = new Intl.Collator('en', { numeric: true });
const checkpointEnding = /\.(pth|pt|bin|safetensors|ckpt)$/i;

async function filesOf(folder: string): Promise<DatasetNode[]> {
  // A folder that vanished has nothing to list; the next refresh of the library says that it is missing.
  const entries = await Promise.resolve(vscode.workspace.fs.readDirectory(vscode.Uri.file(folder))).catch(() => []);
  const isShown = (name: string, type: vscode.FileType): boolean =>
    !name.startsWith('.') && ((type & vscode.FileType.File) !== 0 || isAdapter(path.join(folder, name)));
  const files = entries.filter(([name, type]) => isShown(name, type)).sort(([a], [b]) => naturalOrder.compare(a, b));
  const shown = files.slice(0, maxFiles).map(([name, type]): DatasetNode => {
    const isCheckpoint = (type & vscode.FileType.File) === 0 || checkpointEnding.test(name);
    return { kind: 'file', file: path.join(folder, name), isCheckpoint };
  });
  const count = files.length - shown.length;
  return count > 0 ? [...shown, { kind: 'more', count, folder }] : shown;
}
