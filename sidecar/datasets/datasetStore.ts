// Registered datasets: one small JSON file each under `.rpg/datasets/` of the workspace. The only writer of that folder.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { DatasetRecord, DatasetSummary } from '../../protocol/datasets';
import { datasetNameFrom, isDatasetName } from '../../shared/rules';
import { damagedFile, noSuchEntry } from '../checkpoint/errors';
import { writeFileAtomically } from '../util/atomicFile';
import { fileError, mendableError, userError } from '../util/rpgError';

export function checkDatasetName(name: string): void {
  if (isDatasetName(name)) return;
  throw userError(
    'bad-name',
    `'${name}' cannot name a dataset; use up to 100 letters, digits, dots, dashes and underscores, beginning with a letter or digit`,
    { name },
  );
}

/** A valid name made of a folder's. */
export function suggestDatasetName(folder: string): string {
  return datasetNameFrom(path.basename(datasetRoot(folder)), 100);
}

/** *Errors* `bad-name`; `dataset-exists`; `file-system`. */
export async function saveDataset(
  workspace: string,
  record: DatasetRecord,
  options: { replace: boolean },
): Promise<void> {
  checkDatasetName(record.name);
  const file = recordPath(workspace, record.name);
  if (existsSync(file) && !options.replace) {
    throw mendableError(
      'dataset-exists',
      `a dataset named ${record.name} is registered already (${file})`,
      ['choose another name', { does: 'replace', what: 'dataset' }],
      { name: record.name },
    );
  }
  try {
    mkdirSync(path.dirname(file), { recursive: true });
  } catch (error) {
    throw fileError(path.dirname(file), 'create', error);
  }
  await writeFileAtomically(file, out => out.append(Buffer.from(`${JSON.stringify(record, null, 2)}\n`)));
}

/** All of them, by name; a damaged record is reported, not hidden. */
export function listDatasets(workspace: string): DatasetSummary[] {
  const folder = path.join(workspace, '.rpg', 'datasets');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.endsWith('.json') && !name.startsWith('.'))
    .sort()
    .map(name => readRecord(workspace, path.join(folder, name)));
}

/** *Errors* `no-such-entry` with the names there are. */
export function findDataset(workspace: string, name: string): DatasetSummary {
  const known = listDatasets(workspace);
  const dataset = known.find(candidate => candidate.name === name);
  if (!dataset)
    throw noSuchEntry(
      path.join(workspace, '.rpg', 'datasets'),
      'dataset',
      name,
      known.map(candidate => candidate.name),
    );
  return dataset;
}

export function removeDataset(workspace: string, name: string): DatasetRecord {
  const { path: checkpoints, state, ...record } = findDataset(workspace, name);
  try {
    rmSync(recordPath(workspace, name));
  } catch (error) {
    throw fileError(recordPath(workspace, name), 'remove', error);
  }
  return record;
}

/** Inside the workspace a folder is kept relative, so that both can move together. */
export function portableFolder(workspace: string, folder: string): string {
  const absolute = path.resolve(folder);
  const relative = path.relative(workspace, absolute);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative) ? relative : absolute;
}

/** The folder that holds `checkpoint/`, `generated/` and `test.py`: where test commands run. */
export function datasetRoot(folder: string): string {
  const resolved = path.resolve(folder);
  return path.basename(resolved) === 'checkpoint' ? path.dirname(resolved) : resolved;
}

function recordPath(workspace: string, name: string): string {
  return path.join(workspace, '.rpg', 'datasets', `${name}.json`);
}

function readRecord(workspace: string, file: string): DatasetSummary {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw damagedFile(file, 'it is not JSON');
  }
  const record = parsed as Partial<DatasetRecord> | null; // checked next
  const expectedName = path.basename(file, '.json');
  if (typeof record?.folder !== 'string' || record.name !== expectedName || typeof record.fingerprint !== 'string') {
    throw damagedFile(file, `it does not describe dataset ${expectedName}`);
  }
  if (record.formatVersion !== 1) {
    throw userError(
      'newer-format',
      `${file}: written by a newer version (format ${String(record.formatVersion)}); update, or register the folder again`,
      { file },
    );
  }
  const absolute = path.resolve(workspace, record.folder);
  const state = statSync(absolute, { throwIfNoEntry: false })?.isDirectory() ? 'ready' : 'missing';
  const {
    name,
    folder,
    testCommand = null,
    accuracyPattern = null,
    key = '',
    registeredAt = '',
    fingerprint,
    nCheckpoints = 0,
    nWeights = 0,
    checkpointBytes = 0,
  } = record;
  return {
    formatVersion: 1,
    name,
    folder,
    testCommand,
    accuracyPattern,
    key,
    registeredAt,
    fingerprint,
    nCheckpoints,
    nWeights,
    checkpointBytes,
    path: absolute,
    state,
  };
}
