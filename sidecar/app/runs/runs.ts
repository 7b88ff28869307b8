// Listing, stopping, removing and restoring runs, and writing their weights for others.
import { existsSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExportWeightsParams, RemovedRun, StopResult } from '../../../protocol/runs';
import type { DeviceReport } from '../../../protocol/setup';
import type { RunSummary } from '../../../protocol/runRecords';
import { cannotWrite } from '../../checkpoint/errors';
import { torchZip } from '../../checkpoint/torchZip';
import { methodOf } from '../../methods/registry';
import { fileExists } from '../../runs/durableFile';
import { lockOwner } from '../../runs/runLock';
import { findRun, listRuns as listRunFolders, readRun, summarizeRun } from '../../runs/runStore';
import * as trash from '../../runs/runTrash';
import { requestStop } from '../../runs/stopRequest';
import { throwIfCancelled, userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { devicesOf } from '../train/chooseDevice';
import { findSnapshot } from '../train/findSnapshot';

export async function listRuns(_params: Record<string, never>, context: OperationContext): Promise<RunSummary[]> {
  return listRunFolders(context.workspace);
}

/** Long enough for a step and a snapshot of a small model; a larger one stops later, which the result says. */
const defaultWaitMs = 30_000;

/** *Errors* `run-not-running`. */
export async function stopRun(
  params: { run: string; waitMs?: number },
  context: OperationContext,
): Promise<StopResult> {
  const folder = await findRun(context.workspace, params.run);
  const run = path.basename(folder);
  const owner = await lockOwner(folder);
  if (!owner) {
    const { status } = await summarizeRun(folder);
    throw userError('run-not-running', `${run} is not being trained (it is ${status})`, { run, status });
  }
  await requestStop(folder);
  const deadline = performance.now() + (params.waitMs ?? defaultWaitMs);
  for (;;) {
    throwIfCancelled(context.signal, 'waiting for the run to stop');
    const now = await lockOwner(folder);
    const isStopped = now?.token !== owner.token;
    if (isStopped || performance.now() > deadline) return { run, pid: owner.pid, isStopped };
    await sleep(100);
  }
}

/** *Errors* `method-unknown`; `cannot-write`: the name is not of a PyTorch file; `file-exists`; `snapshot-not-found`. */
export async function exportWeights(
  params: ExportWeightsParams,
  context: OperationContext,
): Promise<{ file: string; step: number; sizeBytes: number }> {
  const folder = await findRun(context.workspace, params.run);
  const record = await readRun(folder);
  const method = methodOf(record);
  const file = path.resolve(params.out);
  if (!torchZip.extensions.includes(path.extname(file).toLowerCase()))
    throw cannotWrite(file, 'weights are exported as a PyTorch file', `use one of ${torchZip.extensions.join(', ')}`);
  if (existsSync(file) && !params.overwrite) throw fileExists(file);
  const snapshot = await findSnapshot(folder, params.snapshot, method);
  await method.modelOfRun(record).exportWeights(snapshot, file);
  return { file, step: snapshot.step, sizeBytes: statSync(file).size };
}

/** *Errors* `run-not-found`; `run-running`: stop it first. */
export async function removeRun(
  params: { run: string },
  { workspace }: OperationContext,
): Promise<{ run: string; trash: string }> {
  return trash.removeRun(workspace, params.run);
}

/** What can still be restored, newest first. */
export async function removedRuns(_params: object, { workspace }: OperationContext): Promise<RemovedRun[]> {
  return trash.removedRuns(workspace);
}

/** *Errors* `trash-empty`: it was removed for good; `run-exists`: its name is taken again. */
export async function restoreRun(params: { trash: string }, { workspace }: OperationContext): Promise<{ run: string }> {
  return trash.restoreRun(workspace, params.trash);
}

/** Every device of every engine, best first, each available or with the reason why not. */
export async function devices(_params: Record<string, never>, context: OperationContext): Promise<DeviceReport[]> {
  const all = await devicesOf(context);
  return Promise.all(
    all.map(async (device): Promise<DeviceReport> => {
      const probe = await device.probe();
      const { engine, title, facts } = device;
      const common = { engine, device: device.device, title, kind: facts.kind };
      return probe.kind === 'available'
        ? {
            ...common,
            isAvailable: true,
            description: probe.device,
            memoryBytes: probe.memoryBytes,
            notes: [...probe.notes],
          }
        : { ...common, isAvailable: false, description: probe.reason, memoryBytes: null, notes: [] };
    }),
  );
}
