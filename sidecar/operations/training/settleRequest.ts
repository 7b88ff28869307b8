// What a training request settles before a model is opened: device, configuration, dataset, workers. Shared by training
// and estimating, so that an estimate is of the very run that would be started.
import type { TrainParams } from '../../../protocol/sidecar';
import { userError } from '../../util/rpgError';
import { chooseDevice, engineFacts } from './chooseDevice';
import { defaultWorkers } from './defaultWorkers';
import type { OpenedDataset } from './openDataset';
import type { PrepareInput } from './prepareModel';
import { readConfig } from './readConfig';

export interface SettledRequest {
  readonly dataset: OpenedDataset;
  readonly input: PrepareInput;
}

/** *Errors* `bad-request`: no workers; `config-invalid`, `dataset-changed`, device errors. */
export async function settleRequest(
  params: TrainParams,
  context: { workspace: string; signal: AbortSignal },
  say: (message: string) => void,
): Promise<SettledRequest> {
  const { workspace, signal } = context;
  if (params.workers === 0)
    throw userError('bad-request', '--workers 0 trains nothing; give at least 1, or leave it out');
  const chosen = await chooseDevice(params);
  const { config, dataset } = await readConfig(params, workspace, engineFacts(chosen.device.engine), {
    acceptChanged: params.acceptChanged ?? false,
    onProgress: (_, message) => say(`measuring ${message}`),
    signal,
  });
  const { measured } = dataset;
  const input: PrepareInput = {
    workspace,
    config,
    chosen,
    workers: params.workers ?? defaultWorkers(chosen.device, config.training.batchSize),
    dataset: { ...measured, fileNames: measured.files.map(file => file.name) },
    force: params.force ?? false,
    say,
    signal,
  };
  return { dataset, input };
}
