// Goes on with a run from its newest good snapshot, as if it had never stopped.
import * as path from 'node:path';
import type { ResumeParams, TrainProgress, TrainResult } from '../../../protocol/training';
import type { RunRecord } from '../../../protocol/runRecords';
import { measureDataset } from '../../datasets/measureDataset';
import type { DatasetModel } from '../../methods/method';
import { methodOf } from '../../methods/registry';
import type { Trainable } from '../../methods/training';
import { logEvent } from '../../runs/eventLog';
import { metricsFile, truncateMetrics } from '../../runs/metricsLog';
import { describeFileChanges, readRunDataset, type RunDatasetRecord } from '../../runs/runDataset';
import { lockRun, type RunLock } from '../../runs/runLock';
import { findRun, readRun, updateRun } from '../../runs/runStore';
import { newestSnapshot, pruneSnapshots, removeSnapshotsAfter } from '../../runs/snapshots';
import { mendableError, userError, type RpgError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { hashOf } from './train';
import { chooseDevice, engineFacts, runEngine, type ChosenDevice } from './chooseDevice';
import { completePlan, datasetNotes, openPlanned } from './plan';
import { runSession } from './session';

/** *Errors* `method-unknown`, `run-finished`, `run-locked`, `run-newer`, `dataset-changed`, device errors; then those of a session. */
export async function resume(params: ResumeParams, context: OperationContext<TrainProgress>): Promise<TrainResult> {
  const folder = await findRun(context.workspace, params.run);
  const record = await readRun(folder); // a newer or damaged run is not locked
  const method = methodOf(record);
  if (record.status === 'finished') throw runFinished(record);
  const dataset = await readRunDataset(folder);
  const model = method.cut(dataset.structure, record.config.tokens).model(record.config, dataset.files.length);
  const chosen = await deviceFor(record, model, params, context);
  const settled: SettledResume = { folder, dataset, model, chosen };
  const work = async (): Promise<TrainResult> => {
    const lock = await lockRun(folder);
    try {
      return await resumeLocked(settled, lock, params, context);
    } finally {
      await lock.release();
    }
  };
  return context.onDevice(turnOf(chosen.device), work, progressOf(record, context));
}

/** What is settled before the run is locked. */
interface SettledResume {
  readonly folder: string;
  readonly dataset: RunDatasetRecord;
  readonly model: DatasetModel;
  readonly chosen: ChosenDevice;
}

/** Where it was, unless another device is asked for. */
async function deviceFor(
  record: RunRecord,
  model: DatasetModel,
  params: ResumeParams,
  context: Pick<OperationContext, 'devices'>,
): Promise<ChosenDevice> {
  const wanted = {
    engine: params.engine ?? record.engine.engine,
    device: params.device ?? (params.engine === undefined ? record.engine.device : undefined),
  };
  const chosen = await chooseDevice(wanted, context, model);
  checkPrecision(record, chosen);
  return chosen;
}

/** Has its turn at the device. */
async function resumeLocked(
  { folder, dataset, model, chosen }: SettledResume,
  lock: RunLock,
  params: ResumeParams,
  context: OperationContext<TrainProgress>,
): Promise<TrainResult> {
  const found = await readRun(folder);
  if (found.status === 'finished') throw runFinished(found); // by another program, while this one waited
  const say = progressOf(found, context);
  await checkDataset(found, dataset, params.acceptChanged ?? false, context, say);
  const plan = await completePlan(model, {
    workspace: context.workspace,
    config: found.config,
    chosen,
    workers: found.workers,
    dataset: { ...dataset, fileNames: dataset.files.map(file => file.name) },
    force: params.force ?? false,
    say,
    signal: context.signal,
  });
  const trainable = await openPlanned(plan);
  try {
    const startStep = await restoreNewest(folder, found, trainable);
    const engine = runEngine(chosen, trainable.description);
    if (engine.description !== found.engine.description) {
      const change = { from: found.engine.description, to: engine.description, step: startStep };
      logEvent(folder, { event: 'engine-changed', ...change });
      say(`begun on ${change.from}; goes on on ${change.to}, whose results differ in their last digits`);
    }
    const record = await updateRun(folder, { status: 'running', failure: null, engine });
    return await runSession({ trainable, notes: datasetNotes(plan), folder, record, startStep, lock, context });
  } finally {
    await trainable.dispose();
  }
}

/** Brings trainable, metrics and snapshots to the newest good snapshot, or to the beginning. Returns its step. */
async function restoreNewest(folder: string, record: RunRecord, trainable: Trainable): Promise<number> {
  const { snapshot, damaged } = await newestSnapshot(folder);
  const step = snapshot?.step ?? 0;
  if (damaged.length > 0) logEvent(folder, { event: 'snapshots-damaged', steps: damaged });
  if (snapshot) await trainable.restore(snapshot);
  else if (record.init) await trainable.beginWith(checkedInit(record.init));
  await removeSnapshotsAfter(folder, step);
  await pruneSnapshots(folder, record.config.training.keepSnapshots);
  const kept = truncateMetrics(folder, step);
  if (kept < step) throw metricsLost(folder, step, kept);
  return step;
}

function checkedInit(init: NonNullable<RunRecord['init']>): string {
  if (hashOf(init.path) !== init.sha256) {
    throw userError(
      'init-changed',
      `${init.path} is not the file this run began with, and there is no snapshot yet; put it back, or start a new run`,
      init,
    );
  }
  return init.path;
}

/** The run goes on with the statistics it began with; the files must be the ones it began with too. */
async function checkDataset(
  record: RunRecord,
  dataset: RunDatasetRecord,
  acceptChanged: boolean,
  { signal }: OperationContext<TrainProgress>,
  say: (message: string) => void,
): Promise<void> {
  const measured = await measureDataset(dataset.folder, {
    key: dataset.key,
    signal,
    onProgress: (_, name) => say(`measuring ${name}`),
  });
  const changes = describeFileChanges(dataset.files, measured.files);
  const isSameSet = dataset.files.every(file => measured.files.some(now => now.name === file.name));
  if (changes.length === 0 || (acceptChanged && isSameSet)) return;
  const shown = changes.slice(0, 5).join(', ') + (changes.length > 5 ? ` and ${changes.length - 5} more` : '');
  throw mendableError(
    'dataset-changed',
    `the dataset of ${record.id} (${dataset.folder}) changed since the run began: ${shown}`,
    [isSameSet ? { does: 'goOn', despite: 'changes' } : 'put the missing files back', 'start a new run'],
    { folder: dataset.folder, changes, canBeAccepted: isSameSet },
  );
}

function checkPrecision(record: RunRecord, { device }: ChosenDevice): void {
  const { precision, optimizerState } = record.config.training;
  const facts = engineFacts(device);
  if (facts.precisions.includes(precision) && facts.optimizerStates.includes(optimizerState)) return;
  throw mendableError(
    'device-unsuitable',
    `${record.id} was begun with ${precision} and ${optimizerState} optimizer state, which the ${device.engine} engine does not offer`,
    [{ does: 'resumeOn', run: record.id, engine: record.engine.engine }],
    { run: record.id, engine: device.engine },
  );
}

function progressOf(record: RunRecord, { report }: OperationContext<TrainProgress>): (message: string) => void {
  const nothingYet = { step: 0, loss: null, learningRate: null, stepsPerSecond: null, remainingMs: null };
  const { steps } = record.config.training;
  return message => report({ run: record.id, phase: 'preparing', message, steps, ...nothingYet });
}

function runFinished({ id, config }: RunRecord): RpgError {
  const remedy = { does: 'generate', run: id, isForTask: config.condition.kind !== 'none' } as const;
  return mendableError('run-finished', `${id} is finished`, [remedy], { run: id });
}

function metricsLost(folder: string, step: number, kept: number): RpgError {
  return mendableError(
    'run-damaged',
    `${metricsFile(folder)} ends at step ${kept}, before the snapshot of step ${step}`,
    ['restore it from a backup', { does: 'beginFrom', run: path.basename(folder) }],
    { folder, step, kept },
  );
}
