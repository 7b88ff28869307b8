// What a training request settles before a model is opened: device, configuration, dataset, workers. Shared by training
// and estimating, so that an estimate is of the very run that would be started.
import type { TrainParams } from '../../../protocol/training';
import { toModelSpec } from '../../config/toModelSpec';
import { precisionsOf } from '../../methods/rpg/precision';
import { userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import {
  chooseDevice,
  defaultWorkers,
  engineFacts,
  refusalOf,
  type ChosenDevice,
  type WantedModel,
} from './chooseDevice';
import type { OpenedDataset } from './openDataset';
import type { PrepareInput } from './prepareModel';
import { readConfig, type ReadConfig } from './readConfig';

export interface SettledRequest {
  readonly dataset: OpenedDataset;
  readonly input: PrepareInput;
}

/** *Errors* `bad-request`: no workers; `config-invalid`, `dataset-changed`, device errors. */
export async function settleRequest(
  params: TrainParams,
  context: Pick<OperationContext, 'workspace' | 'signal' | 'devices'>,
  say: (message: string) => void,
): Promise<SettledRequest> {
  const { workspace, signal, devices } = context;
  if (params.workers === 0)
    throw userError('bad-request', '0 workers train nothing; give at least 1, or leave the choice to the machine');
  const read = ({ device }: ChosenDevice) =>
    readConfig(params, workspace, engineFacts(device), {
      acceptChanged: params.acceptChanged ?? false,
      onProgress: (_, message) => say(`measuring ${message}`),
      signal,
    });
  let chosen = await chooseDevice(params, undefined, devices);
  let settled = await read(chosen);
  const model = modelOf(settled);
  if (refusalOf(chosen.device, model) !== null) {
    chosen = await chooseDevice(params, model, devices); // the next one that runs it; what `auto` means depends on the engine
    settled = await read(chosen);
  }
  const { config, dataset } = settled;
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

function modelOf({ config, nTokens, dataset }: ReadConfig): WantedModel {
  const spec = toModelSpec(config, { nCheckpoints: dataset.measured.files.length, nTokens });
  return { spec, precisions: precisionsOf(config.training) };
}
