// The dataset of a run, by its registered name or by folder: measured, and compared with what was registered.
import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { Remedy } from '../../../protocol/errors';
import type { DatasetRecord } from '../../../protocol/datasets';
import type { DatasetFacts } from '../../config/resolveConfig';
import { classOfFileName } from '../../datasets/checkpointFolder';
import { findDataset, listDatasets, suggestDatasetName } from '../../datasets/datasetStore';
import { measureDataset, type MeasuredDataset } from '../../datasets/measureDataset';
import type { Cut, Method } from '../../methods/method';
import { mendableError, type RpgError } from '../../util/rpgError';

export interface OpenedDataset {
  readonly name: string;
  readonly measured: MeasuredDataset;
  /** What was registered, or null for a plain folder. */
  readonly record: DatasetRecord | null;
}

export interface OpenOptions {
  acceptChanged: boolean;
  onProgress: (fraction: number, message: string) => void;
  signal: AbortSignal;
}

/**
 * A relative folder is looked for under `base` (the current folder by default).
 * *Errors* `no-such-entry`, `dataset-missing`, `dataset-changed`, and those of measuring.
 */
export async function openDataset(
  workspace: string,
  reference: string,
  options: OpenOptions,
  base = process.cwd(),
): Promise<OpenedDataset> {
  const { onProgress, signal } = options;
  const isRegistered = listDatasets(workspace).some(dataset => dataset.name === reference);
  if (!isRegistered && isFolder(path.resolve(base, reference))) {
    const folder = path.resolve(base, reference);
    return {
      name: suggestDatasetName(folder),
      measured: await measureDataset(folder, { onProgress, signal }),
      record: null,
    };
  }
  const { path: folder, state, ...record } = findDataset(workspace, reference);
  if (state === 'missing') throw datasetMissing(record, folder);
  const measured = await measureDataset(folder, { key: record.key, onProgress, signal });
  if (measured.fingerprint !== record.fingerprint && !options.acceptChanged) {
    throw datasetChanged(record, folder, changesSince(record, measured));
  }
  return { name: record.name, measured, record };
}

/** What the configuration must know, of a method's view. */
export function datasetFacts({ name, measured }: OpenedDataset, method: Method): DatasetFacts<Cut> {
  const classes = measured.files.map(file => classOfFileName(file.name));
  return {
    name,
    nCheckpoints: measured.files.length,
    cut: how => method.cut(measured.structure, how),
    classes: classes.every(value => value !== null) ? classes : null,
  };
}

function changesSince(record: DatasetRecord, measured: MeasuredDataset): string[] {
  const changes: string[] = [];
  const { length } = measured.files;
  if (length !== record.nCheckpoints) changes.push(`it had ${record.nCheckpoints} checkpoints and has ${length}`);
  const since = Date.parse(record.registeredAt);
  const newer = measured.files.filter(file => file.stamp.mtimeMs > since || file.stamp.ctimeMs > since);
  const named = newer
    .slice(0, 5)
    .map(file => file.name)
    .join(', ');
  if (newer.length > 0)
    changes.push(`changed or added since: ${named}${newer.length > 5 ? ` and ${newer.length - 5} more` : ''}`);
  return changes.length > 0 ? changes : ['some of its files have other weights'];
}

function datasetChanged(record: DatasetRecord, folder: string, changes: readonly string[]): RpgError {
  const { name } = record;
  return mendableError(
    'dataset-changed',
    `dataset ${name} (${folder}) is not what was registered: ${changes.join('; ')}`,
    [registerAgain(record, folder), { does: 'goOn', despite: 'changes' }],
    { name, folder, changes, canBeAccepted: true },
  );
}

function datasetMissing(record: DatasetRecord, folder: string): RpgError {
  const { name } = record;
  return mendableError(
    'dataset-missing',
    `the folder of dataset ${name} is gone: ${folder}`,
    ['put it back', registerAgain(record, null)],
    { name, folder },
  );
}

/** With what was registered; without its test and key it would be another dataset. */
const registerAgain = ({ name, testCommand, accuracyPattern, key }: DatasetRecord, folder: string | null): Remedy => ({
  does: 'register',
  folder,
  name,
  testCommand,
  accuracyPattern,
  key,
});

function isFolder(candidate: string): boolean {
  return existsSync(candidate) && statSync(candidate).isDirectory();
}
