// Registering folders of checkpoints, listing and forgetting them. Checkpoints themselves are never touched.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import type { DatasetRecord, DatasetSummary } from '../../protocol/records';
import type { RegisterParams } from '../../protocol/sidecar';
import {
  checkDatasetName,
  listDatasets,
  portableFolder,
  removeDataset,
  saveDataset,
  suggestDatasetName,
} from '../datasets/datasetStore';
import { measureDataset } from '../datasets/measureDataset';
import { generatedCount } from '../tokenizer/structure';
import type { OperationContext } from './context';

/** *Errors* `structure-mismatch`, `no-checkpoints`, `bad-name`, `dataset-exists`. */
export async function register(params: RegisterParams, context: OperationContext): Promise<DatasetRecord> {
  const name = params.name ?? suggestDatasetName(params.folder);
  checkDatasetName(name);
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
    key: dataset.key,
    registeredAt: new Date().toISOString(),
    fingerprint: dataset.fingerprint,
    nCheckpoints: dataset.files.length,
    nWeights: generatedCount(dataset.structure),
    checkpointBytes: dataset.files.reduce((sum, file) => sum + file.sizeBytes, 0),
  };
  await saveDataset(context.workspace, record, { replace: params.replace ?? false });
  return record;
}

export async function datasets(_params: Record<string, never>, context: OperationContext): Promise<DatasetSummary[]> {
  return listDatasets(context.workspace);
}

export async function unregister(params: { name: string }, context: OperationContext): Promise<DatasetRecord> {
  return removeDataset(context.workspace, params.name);
}

/** People keep `test.py` beside `checkpoint/`; it is used where no command was given. */
function foundTestCommand(folder: string): string | null {
  const resolved = path.resolve(folder);
  const candidates = [path.join(resolved, 'test.py'), path.join(path.dirname(resolved), 'test.py')];
  const isInner = path.basename(resolved) === 'checkpoint';
  const script = (isInner ? candidates : candidates.slice(0, 1)).find(candidate => existsSync(candidate));
  return script ? `python3 ${/\s/.test(script) ? JSON.stringify(script) : script} {file}` : null;
}
