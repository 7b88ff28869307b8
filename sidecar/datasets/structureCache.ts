// Statistics of a dataset's files, kept beside it so that the next use is instant. A cache only: it may be deleted at any
// time, a damaged or foreign one is ignored, and a folder that cannot be written simply has none.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import type { TensorStatistics } from '../tokenizer/structure';

export interface FileStamp {
  sizeBytes: number;
  mtimeMs: number;
  ctimeMs: number;
  inode: number;
}

/** One checkpoint, measured. */
export interface MeasuredFile {
  readonly name: string;
  readonly path: string;
  readonly stamp: FileStamp;
  /** Of the checkpoint; for an adapter folder, of its tensors' file. */
  readonly sizeBytes: number;
  /** SHA-256 over names, types, shapes and values: independent of the file format's packing. */
  readonly contentHash: string;
  /** Per parameter of the architecture, null where it is fixed. */
  readonly statistics: readonly (TensorStatistics | null)[];
}

const cacheName = '.rpg-cache.json';
const formatVersion = 1;
const maxCacheBytes = 256 * 2 ** 20;

interface CacheFile {
  formatVersion: number;
  key: string;
  files: Omit<MeasuredFile, 'path'>[];
}

/** For folders inside another, the adapter folder's own files change when a file inside does; only plain files are cached. */
export function readStructureCache(folder: string, key: string): Map<string, Omit<MeasuredFile, 'path'>> | null {
  try {
    const cachePath = path.join(folder, cacheName);
    if (statSync(cachePath).size > maxCacheBytes) return null;
    const parsed: unknown = JSON.parse(readFileSync(cachePath, 'utf8'));
    if (!isCacheFile(parsed) || parsed.formatVersion !== formatVersion || parsed.key !== key) return null;
    return new Map(parsed.files.map(file => [file.name, file]));
  } catch {
    return null;
  }
}

export function writeStructureCache(folder: string, key: string, files: readonly MeasuredFile[]): void {
  const cachePath = path.join(folder, cacheName);
  const temporary = `${cachePath}.${process.pid}.tmp`;
  const cacheable = files.filter(file => statSync(file.path, { throwIfNoEntry: false })?.isFile());
  const content: CacheFile = {
    formatVersion,
    key,
    files: cacheable.map(({ path: ignored, ...file }) => file),
  };
  try {
    writeFileSync(temporary, JSON.stringify(content));
    renameSync(temporary, cachePath);
  } catch {
    rmSync(temporary, { force: true }); // read-only folder, full disk: the next use measures again
  }
}

function isCacheFile(value: unknown): value is CacheFile {
  const { files } = (value ?? {}) as Partial<CacheFile>; // every property is checked below
  return Array.isArray(files) && files.every(isCachedFile);
}

function isCachedFile(file: Partial<CacheFile['files'][number]> | null): boolean {
  return (
    typeof file?.name === 'string' &&
    typeof file.contentHash === 'string' &&
    typeof file.sizeBytes === 'number' &&
    typeof file.stamp === 'object' &&
    Array.isArray(file.statistics) &&
    (file.statistics as readonly (TensorStatistics | null)[]).every(
      statistic => statistic === null || statisticNames.every(name => Number.isFinite(statistic[name])),
    )
  );
}

const statisticNames = ['mean', 'std', 'preMean', 'nNonFinite'] as const;
