// A new run: configuration, dataset and device are settled, the folder is made, and a session trains in it.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import * as path from 'node:path';
import type { TrainParams, TrainProgress, TrainResult } from '../../../protocol/training';
import { runFormatVersion, type RunRecord } from '../../../protocol/runRecords';
import { recordedMethod } from '../../methods/registry';
import { writeRunDataset } from '../../runs/runDataset';
import { lockRun } from '../../runs/runLock';
import { createRun, runsFolder } from '../../runs/runStore';
import { generatedCount } from '../../tokenizer/structure';
import { fileError } from '../../util/rpgError';
import { version } from '../../util/version';
import type { OperationContext } from '../context';
import { runEngine } from './chooseDevice';
import { datasetNotes, openPlanned, planTraining, type Plan } from './plan';
import type { ReadConfig } from './readConfig';
import { runSession } from './session';

/**
 * *Errors* `config-invalid`, `dataset-changed`, `memory-too-small`, device errors — all before anything is written; then
 * those of a session.
 */
export async function train(params: TrainParams, context: OperationContext<TrainProgress>): Promise<TrainResult> {
  const say = (message: string): void => context.report({ ...notYetTraining, message });
  const { settled, plan } = await planTraining(params, context, say);
  return context.onDevice(plan.turn, () => trainPlanned(settled, plan, params.init, context), say);
}

/** Has its turn at the device. */
async function trainPlanned(
  { dataset, method }: ReadConfig,
  plan: Plan,
  initFile: string | undefined,
  context: OperationContext<TrainProgress>,
): Promise<TrainResult> {
  const trainable = await openPlanned(plan);
  const { measured } = dataset;
  const { config, chosen, workers, workspace, training } = plan;
  try {
    const init = initFile === undefined ? null : path.resolve(initFile);
    if (init !== null) await trainable.beginWith(init);
    const describe = (id: string): RunRecord => ({
      formatVersion: runFormatVersion,
      id,
      createdAt: new Date().toISOString(),
      ...recordedMethod(method),
      config,
      dataset: {
        name: dataset.name,
        folder: measured.folder,
        fingerprint: measured.fingerprint,
        nCheckpoints: measured.files.length,
        nTokens: training.nTokens,
        nWeights: generatedCount(measured.structure),
      },
      engine: runEngine(chosen, trainable.description),
      workers,
      nParameters: training.estimate.nParameters,
      init: init === null ? null : { path: init, sha256: hashOf(init) },
      parent: init === null ? null : runOf(workspace, init),
      versions: { rpg: version, node: process.version, platform: `${process.platform}-${process.arch}` },
      status: 'running',
      failure: null,
    });
    const { folder, record } = await createRun(workspace, config.name, describe, reserved =>
      writeRunDataset(reserved, {
        formatVersion: runFormatVersion,
        fingerprint: measured.fingerprint,
        folder: measured.folder,
        key: measured.key,
        files: measured.files.map(({ name, contentHash }) => ({ name, contentHash })),
        structure: measured.structure,
      }),
    );
    const lock = await lockRun(folder);
    try {
      const notes = datasetNotes(plan);
      return await runSession({ trainable, notes, folder, record, startStep: 0, lock, context });
    } finally {
      await lock.release();
    }
  } finally {
    await trainable.dispose();
  }
}

/** What is reported of a run that has no folder yet. */
export const notYetTraining: TrainProgress = {
  run: '',
  phase: 'preparing',
  message: '',
  step: 0,
  steps: 0,
  loss: null,
  learningRate: null,
  stepsPerSecond: null,
  remainingMs: null,
};

const hashedAtOnce = 4 << 20;

/** SHA-256 of a file's bytes. *Errors* `file-system`. *Memory* 4 MiB, whatever its size. */
export function hashOf(file: string): string {
  const hash = createHash('sha256');
  const bytes = Buffer.allocUnsafe(hashedAtOnce);
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (let read; (read = readSync(descriptor, bytes)) > 0;) hash.update(bytes.subarray(0, read));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw fileError(file, 'read it', error);
  }
  return hash.digest('hex');
}

/** The run whose folder a file lies in, or null. */
function runOf(workspace: string, file: string): string | null {
  const relative = path.relative(runsFolder(workspace), file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? null : relative.split(path.sep)[0]!;
}
