// Registering folders of checkpoints, listing and forgetting them. Checkpoints themselves are never touched.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import type { DatasetRecord, DatasetSummary, RegisterParams, RegisterResult } from '../../../protocol/datasets';
import {
  checkDatasetName,
  datasetRoot,
  listDatasets,
  portableFolder,
  removeDataset,
  saveDataset,
  suggestDatasetName,
} from '../../datasets/datasetStore';
import { zooMarker } from '../../datasets/checkpointFolder';
import { describeNonFinite, measureDataset } from '../../datasets/measureDataset';
import { compileAccuracyPattern } from '../../evaluation/testOutput';
import { generatedCount } from '../../tokenizer/structure';
import type { OperationContext } from '../context';

/** *Errors* `structure-mismatch`, `no-checkpoints`, `bad-name`, `dataset-exists`, `bad-accuracy-pattern`. */
export async function register(params: RegisterParams, context: OperationContext): Promise<RegisterResult> {
  const name = params.name ?? suggestDatasetName(params.folder);
  checkDatasetName(name);
  const before = params.replace ? listDatasets(context.workspace).find(dataset => dataset.name === name) : undefined;
  const accuracyPattern = params.accuracyPattern ?? before?.accuracyPattern ?? null;
  if (accuracyPattern !== null) compileAccuracyPattern(accuracyPattern);
  const dataset = await measureDataset(params.folder, {
    key: params.key,
    signal: context.signal,
    onProgress: (fraction, message) => context.report({ fraction, message }),
  });
  const record: DatasetRecord = {
    formatVersion: 1,
    name,
    folder: portableFolder(context.workspace, params.folder),
    testCommand: params.testCommand ?? foundTestCommand(params.folder),
    accuracyPattern,
    key: dataset.key,
    registeredAt: new Date().toISOString(),
    fingerprint: dataset.fingerprint,
    nCheckpoints: dataset.files.length,
    nWeights: generatedCount(dataset.structure),
    checkpointBytes: dataset.files.reduce((sum, file) => sum + file.sizeBytes, 0),
  };
  await saveDataset(context.workspace, record, { replace: params.replace ?? false });
  const nonFinite = describeNonFinite(dataset.files);
  return { ...record, notes: nonFinite === null ? [] : [nonFinite] };
}

export async function datasets(_params: Record<string, never>, context: OperationContext): Promise<DatasetSummary[]> {
  return listDatasets(context.workspace);
}

export async function unregister(params: { name: string }, context: OperationContext): Promise<DatasetRecord> {
  return removeDataset(context.workspace, params.name);
}

/**
 * People keep `test.py` beside `checkpoint/`; it is used where no command was given, and runs in its folder. Zoos of our own
 * have one too, for PyTorch, but are tested without Python.
 */
function foundTestCommand(folder: string): string | null {
  const root = datasetRoot(folder);
  if (existsSync(path.join(root, zooMarker))) return null;
  return existsSync(path.join(root, 'test.py')) ? 'python3 test.py {file}' : null;
}
