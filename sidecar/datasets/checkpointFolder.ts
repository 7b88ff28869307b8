// Which files of a folder are its checkpoints. People lay them out as NAME/checkpoint/*.pth, as a plain folder of files, or as
// a folder of adapter folders; all three are recognised.
import { existsSync, readdirSync, statSync, type Dirent } from 'node:fs';
import * as path from 'node:path';
import { checkpointExtensions } from '../checkpoint/registry';
import { fileError } from '../util/rpgError';
import { noCheckpoints } from './errors';

/** Marks a folder whose networks the built-in test knows, and says how they were made. */
export const zooMarker = 'zoo.json';

/** One checkpoint of a dataset. */
export interface CheckpointFile {
  /** Relative to the folder: a plain name, never a path out of it. */
  readonly name: string;
  readonly path: string;
}

export interface CheckpointFolder {
  /** Where the checkpoints are: the folder itself or its `checkpoint` subfolder. */
  readonly folder: string;
  /** Sorted by name, as PyTorch users' scripts do. */
  readonly files: readonly CheckpointFile[];
  /** Entries that are not checkpoints; hidden ones do not count. */
  readonly nSkipped: number;
}

/** *Errors* `file-system`, `no-checkpoints`. */
export function listCheckpoints(folder: string): CheckpointFolder {
  const inner = path.join(folder, 'checkpoint');
  const root = isFolder(inner) ? inner : folder;
  let entries: Dirent[];
  try {
    // Hidden entries are temporary files and caches, our own among them.
    entries = readdirSync(root, { withFileTypes: true }).filter(entry => !entry.name.startsWith('.'));
  } catch (error) {
    throw fileError(root, 'list', error);
  }
  const files = entries
    .filter(entry => isCheckpointEntry(root, entry))
    .map(entry => ({ name: entry.name, path: path.join(root, entry.name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (files.length === 0) throw noCheckpoints(folder, entries.length);
  return { folder: root, files, nSkipped: entries.length - files.length };
}

/** Links are followed only when the file is opened. */
function isCheckpointEntry(root: string, entry: Dirent): boolean {
  if (entry.isDirectory()) return existsSync(path.join(root, entry.name, 'adapter_config.json'));
  return (entry.isFile() || entry.isSymbolicLink()) && checkpointExtensions.has(path.extname(entry.name).toLowerCase());
}

function isFolder(candidate: string): boolean {
  try {
    return statSync(candidate).isDirectory();
  } catch {
    return false;
  }
}

/** The number in `…_class0279_…`, or null. */
export function classOfFileName(name: string): number | null {
  const match = /_class(\d+)/.exec(name);
  return match ? Number(match[1]) : null;
}

/** A class's lowest `count` binary digits, highest first. */
export function taskBitsOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, bit) => Math.floor(value / 2 ** (count - 1 - bit)) % 2);
}

/** Accuracy from `…_acc0.8793_…`, or null. */
export function accuracyOfFileName(name: string): number | null {
  const match = /_acc(\d+(?:\.\d+)?)/.exec(name);
  return match ? Number(match[1]) : null;
}
