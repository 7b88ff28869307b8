// A request for training, settled once: dataset, configuration, device, workers, what the method will open and what that takes.
// Training, resuming and estimating all begin with it, so that an estimate is of the very run that would be started; whoever
// runs it takes its turn at the very device it was planned for.
import * as path from 'node:path';
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { TrainParams } from '../../../protocol/training';
import type { DatasetModel } from '../../methods/method';
import type { Trainable, TrainingPlan } from '../../methods/training';
import type { Structure } from '../../tokenizer/structure';
import { userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { chooseDevice, defaultWorkers, engineFacts, type ChosenDevice } from './chooseDevice';
import { checkMemory, describeEstimate, deviceMemoryBytes, freeMemoryBytes } from './memoryCheck';
import { readConfig, type ReadConfig } from './readConfig';

/** What is known of a run before anything of it is opened or written. */
export interface Plan {
  readonly workspace: string;
  readonly config: ResolvedRunConfig;
  readonly chosen: ChosenDevice;
  readonly workers: number;
  readonly dataset: PlannedDataset;
  /** Go on although the estimate is larger than what is free. */
  readonly force: boolean;
  readonly training: TrainingPlan;
  /** The device it needs to itself. */
  readonly turn: string;
  /** A line for people, such as the memory estimate. */
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

interface PlannedDataset {
  readonly folder: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly fileNames: readonly string[];
  readonly structure: Structure;
}

/** Tokens held in memory take at most this share of what is free; larger sets are read from a file. */
const dataMemoryShare = 0.25;

/** *Errors* `bad-request`: no workers; `config-invalid`, `dataset-changed`, device errors. */
export async function planTraining(
  params: TrainParams,
  context: Pick<OperationContext, 'workspace' | 'signal' | 'devices'>,
  say: (message: string) => void,
): Promise<{ settled: ReadConfig; plan: Plan }> {
  const { workspace, signal } = context;
  if (params.workers === 0)
    throw userError('bad-request', '0 workers train nothing; give at least 1, or leave the choice to the machine');
  const read = ({ device }: ChosenDevice) =>
    readConfig(params, workspace, engineFacts(device), {
      acceptChanged: params.acceptChanged ?? false,
      onProgress: (_, message) => say(`measuring ${message}`),
      signal,
    });
  let chosen = await chooseDevice(params, context);
  let settled = await read(chosen);
  if (settled.model.refuses(chosen.device) !== null) {
    chosen = await chooseDevice(params, context, settled.model); // the next one that runs it; what `auto` means depends on the engine
    settled = await read(chosen);
  }
  const { config, model } = settled;
  const { measured } = settled.dataset;
  const plan = await completePlan(model, {
    workspace,
    config,
    chosen,
    workers: params.workers ?? defaultWorkers(chosen.device, config.training.batchSize),
    dataset: { ...measured, fileNames: measured.files.map(file => file.name) },
    force: params.force ?? false,
    say,
    signal,
  });
  return { settled, plan };
}

/** With what training the model takes. *Errors* those of the method. */
export async function completePlan(model: DatasetModel, settled: Omit<Plan, 'training' | 'turn'>): Promise<Plan> {
  const { device } = settled.chosen;
  const training = await model.planTraining({ device, workers: settled.workers });
  return { ...settled, training, turn: turnOf(device) };
}

/** Free on the device, or on the host where the device uses its memory. *Units* bytes, now. */
export const freeBytesOf = ({ chosen }: Plan): number => deviceMemoryBytes(chosen.device, chosen.probe.memoryBytes);

/** The turn has come. *Errors* `memory-too-small`, and those of reading the dataset and opening the device. */
export async function openPlanned(plan: Plan): Promise<Trainable> {
  const { chosen, training, say, signal } = plan;
  for (const remark of chosen.remarks) say(remark);
  say(`${describeEstimate(training.estimate)}; tokens ${(training.dataBytes / 1e9).toFixed(3)} GB`);
  checkMemory(training.estimate, freeBytesOf(plan), chosen.probe.device, plan.force);
  return training.open({
    dataset: plan.dataset,
    cacheFolder: path.join(plan.workspace, '.rpg', 'cache'),
    memoryLimitBytes: dataMemoryShare * freeMemoryBytes(),
    say,
    signal,
  });
}

/** What a person should know of the dataset. */
export function datasetNotes({ dataset }: Plan): string[] {
  const { nNonFinite, nCheckpoints } = dataset.structure;
  if (nNonFinite === 0) return [];
  return [`${nNonFinite} weights of the ${nCheckpoints} checkpoints are NaN or infinite and were left out`];
}
