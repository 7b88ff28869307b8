// Changes to what is registered, without looking at a checkpoint: another name, and taking a removal back.
import type { DatasetRecord } from '../../../protocol/datasets';
import { checkDatasetName, findDataset, removeDataset, saveDataset } from '../../datasets/datasetStore';
import type { OperationContext } from '../context';

/** *Errors* `bad-name`, `dataset-exists`, `no-such-entry`. */
export async function renameDataset(
  { name, newName }: { name: string; newName: string },
  { workspace }: OperationContext,
): Promise<DatasetRecord> {
  checkDatasetName(newName);
  const { path: _path, state: _state, ...record } = findDataset(workspace, name);
  if (newName === name) return record;
  const renamed = { ...record, name: newName };
  await saveDataset(workspace, renamed, { replace: false });
  removeDataset(workspace, name);
  return renamed;
}

/** *Errors* `bad-name`, `dataset-exists`: another took the name meanwhile. */
export async function restoreDataset(
  { record }: { record: DatasetRecord },
  { workspace }: OperationContext,
): Promise<DatasetRecord> {
  await saveDataset(workspace, record, { replace: false });
  return record;
}
