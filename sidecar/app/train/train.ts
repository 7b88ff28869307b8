// A new run: configuration, dataset and device are settled, the folder is made, and a session trains in it.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import * as path from 'node:path';
import type { TrainParams, TrainProgress, TrainResult } from '../../../protocol/training';
import { runFormatVersion, type RunRecord } from '../../../protocol/runRecords';
import { writeRunDataset } from '../../runs/runDataset';
import { lockRun } from '../../runs/runLock';
import { createRun, runsFolder } from '../../runs/runStore';
import { generatedCount } from '../../tokenizer/structure';
import { fileError } from '../../util/rpgError';
import { version } from '../../util/version';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { runEngine } from './chooseDevice';
import { readPublishedWeights } from '../../methods/rpg/modelFiles';
import { prepareModel } from './prepareModel';
import { runSession } from './session';
import { settleRequest, type SettledRequest } from './settleRequest';

/**
 * *Errors* `config-invalid`, `dataset-changed`, `memory-too-small`, device errors — all before anything is written; then
 * those of a session.
 */
export async function train(params: TrainParams, context: OperationContext<TrainProgress>): Promise<TrainResult> {
  const say = (message: string): void => context.report({ ...notYetTraining, message });
  const settled = await settleRequest(params, context, say);
  const work = (): Promise<TrainResult> => trainSettled(settled, params.init, context);
  return context.onDevice(turnOf(settled.input.chosen.device), work, say);
}

/** Has its turn at the device. */
async function trainSettled(
  { dataset, input }: SettledRequest,
  initFile: string | undefined,
  context: OperationContext<TrainProgress>,
): Promise<TrainResult> {
  const prepared = await prepareModel(input);
  const { model, tokens, spec, estimate } = prepared;
  const { measured } = dataset;
  const { config, chosen, workers, workspace } = input;
  try {
    const init = initFile === undefined ? null : path.resolve(initFile);
    if (init !== null) await model.writeWeights(readPublishedWeights(init, spec));
    const describe = (id: string): RunRecord => ({
      formatVersion: runFormatVersion,
      id,
      createdAt: new Date().toISOString(),
      config,
      dataset: {
        name: dataset.name,
        folder: measured.folder,
        fingerprint: measured.fingerprint,
        nCheckpoints: measured.files.length,
        nTokens: spec.nTokens,
        nWeights: generatedCount(measured.structure),
      },
      engine: runEngine(chosen, model.description),
      workers,
      nParameters: estimate.nParameters,
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
      return await runSession({ ...prepared, folder, record, startStep: 0, lock, context });
    } finally {
      await lock.release();
    }
  } finally {
    tokens.dispose();
    await model.dispose();
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
