// dataset.json of a run: the structure and statistics its tokens were made with, and which files they came from. It stays as
// it was when the run began, so that what the run has learned keeps its meaning whatever happens to the dataset.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { runFormatVersion } from '../../protocol/runRecords';
import type { Structure } from '../tokenizer/structure';
import { fileError, userError } from '../util/rpgError';
import { writeDurably } from './durableFile';

export interface RunDatasetFile {
  readonly name: string;
  /** Of the tensors' names, types, shapes and values. */
  readonly contentHash: string;
}

export interface RunDatasetRecord {
  readonly formatVersion: number;
  readonly fingerprint: string;
  /** Absolute folder of the files. */
  readonly folder: string;
  /** Key of the tensor dictionary inside each file. */
  readonly key: string;
  readonly files: readonly RunDatasetFile[];
  readonly structure: Structure;
}

const fileName = 'dataset.json';

export async function writeRunDataset(runFolder: string, record: RunDatasetRecord): Promise<void> {
  await writeDurably(path.join(runFolder, fileName), `${JSON.stringify(record)}\n`);
}

/** *Errors* `run-damaged`, `file-system`. */
export async function readRunDataset(runFolder: string): Promise<RunDatasetRecord> {
  const file = path.join(runFolder, fileName);
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, 'read it', error);
  });
  try {
    const record = JSON.parse(text) as Partial<RunDatasetRecord>;
    if (record.formatVersion === runFormatVersion && record.structure && record.files)
      return record as RunDatasetRecord;
  } catch {
    // said below
  }
  throw userError('run-damaged', `${file} cannot be used; restore it from a backup, or start a new run`, { file });
}

/** What differs between the files of then and now, in words; empty when they are the same. */
export function describeFileChanges(then: readonly RunDatasetFile[], now: readonly RunDatasetFile[]): string[] {
  const before = new Map(then.map(file => [file.name, file.contentHash]));
  const after = new Map(now.map(file => [file.name, file.contentHash]));
  return [
    ...[...before.keys()].filter(name => !after.has(name)).map(name => `${name} is gone`),
    ...[...after.keys()].filter(name => !before.has(name)).map(name => `${name} is new`),
    ...[...before]
      .filter(([name, hash]) => after.has(name) && after.get(name) !== hash)
      .map(([name]) => `${name} has other weights`),
  ];
}
