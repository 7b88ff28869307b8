// Removing a run is putting its folder aside: it can be taken back for a week. Nothing else ever deletes a run.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { RemovedRun } from '../../protocol/runs';
import { fileError, userError } from '../util/rpgError';
import { exists } from './durableFile';
import { lockOwner } from './runLock';
import { findRun, runsFolder } from './runStore';

/** When it was removed, and the id of the run. */
const trashName = /^(\d{1,15})-(\d{4,}-[a-z0-9-]+)$/;
const keptMs = 7 * 24 * 60 * 60 * 1000;

/** *Errors* `run-not-found`; `run-running`: stop it first. */
export async function removeRun(workspace: string, reference: string): Promise<{ run: string; trash: string }> {
  const folder = await findRun(workspace, reference);
  const run = path.basename(folder);
  const owner = await lockOwner(folder);
  if (owner)
    throw userError('run-running', `${run} is being trained by process ${owner.pid}; stop it before removing it`, {
      run,
    });
  await emptyOldTrash(workspace);
  const trash = `${Date.now()}-${run}`;
  const target = path.join(trashFolder(workspace), trash);
  try {
    await fs.mkdir(trashFolder(workspace), { recursive: true });
    await fs.rename(folder, target);
  } catch (error) {
    throw fileError(folder, 'put it aside', error);
  }
  return { run, trash };
}

/** What is still there, newest first. */
export async function removedRuns(workspace: string): Promise<RemovedRun[]> {
  const names = await fs.readdir(trashFolder(workspace)).catch(() => []);
  return names
    .map(trash => ({ trash, found: trashName.exec(trash) }))
    .flatMap(({ trash, found }) => (found ? [{ trash, run: found[2]!, removedAtMs: Number(found[1]) }] : []))
    .sort((a, b) => b.removedAtMs - a.removedAtMs)
    .map(({ trash, run, removedAtMs }) => ({ trash, run, removedAt: new Date(removedAtMs).toISOString() }));
}

/** *Errors* `trash-empty`: it was removed for good; `run-exists`: its name is taken again. */
export async function restoreRun(workspace: string, trash: string): Promise<{ run: string }> {
  const found = trashName.exec(trash);
  const source = path.join(trashFolder(workspace), path.basename(trash));
  if (!found || !(await exists(source)))
    throw userError('trash-empty', `${trash} is no longer in ${trashFolder(workspace)}`, { trash });
  const run = found[2]!;
  const target = path.join(runsFolder(workspace), run);
  if (await exists(target)) throw userError('run-exists', `there is a run ${run} again; move it away first`, { run });
  try {
    await fs.rename(source, target);
  } catch (error) {
    throw fileError(source, 'take it back', error);
  }
  return { run };
}

function trashFolder(workspace: string): string {
  return path.join(workspace, '.rpg', 'trash');
}

async function emptyOldTrash(workspace: string): Promise<void> {
  const folder = trashFolder(workspace);
  for (const name of await fs.readdir(folder).catch(() => [])) {
    const removedAt = Number(/^(\d+)-/.exec(name)?.[1] ?? NaN);
    if (Date.now() - removedAt > keptMs) await fs.rm(path.join(folder, name), { recursive: true, force: true });
  }
}
