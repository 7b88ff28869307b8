// state/step-00005000/: what a run needs to go on from a step. Its files are written and synced first, DONE last, with
// their sizes and hashes; without a fitting DONE a snapshot does not exist, whatever lies in its folder.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { runFormatVersion, type SnapshotRecord } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';
import { syncFile, syncFolder, writeDurably } from './durableFile';
import { runFiles, stepName, stepOf } from './runFiles';

/** One file of a snapshot and how it is written. */
export interface SnapshotPart {
  readonly name: string;
  write(file: string): Promise<void>;
}

export interface Snapshot {
  readonly step: number;
  readonly folder: string;
  readonly record: SnapshotRecord;
}

const doneName = 'DONE';

/** Folder of a step's snapshot, whether or not it exists. */
export function snapshotFolder(runFolder: string, step: number): string {
  return path.join(runFolder, runFiles.snapshots, stepName(step));
}

/** Writes a snapshot; a torn one of the same step is replaced. *Errors* `file-system`: what was written is removed again. */
export async function writeSnapshot(
  runFolder: string,
  step: number,
  parts: readonly SnapshotPart[],
): Promise<Snapshot> {
  const folder = snapshotFolder(runFolder, step);
  try {
    await removeSnapshot(folder);
    await fs.mkdir(folder, { recursive: true });
    const files: Record<string, { sizeBytes: number; sha256: string }> = {};
    for (const part of parts) {
      const file = path.join(folder, part.name);
      await part.write(file);
      await syncFile(file);
      files[part.name] = await measureFile(file);
    }
    const record: SnapshotRecord = { formatVersion: runFormatVersion, step, files };
    await syncFolder(folder);
    await writeDurably(path.join(folder, doneName), `${JSON.stringify(record, null, 2)}\n`);
    await syncFolder(path.dirname(folder));
    return { step, folder, record };
  } catch (error) {
    await removeSnapshot(folder).catch(() => undefined); // the first error is the one to tell
    throw fileError(folder, 'write a snapshot', error);
  }
}

/** Snapshots whose DONE fits their files' sizes, oldest first. Cheap: hashes are not computed. */
export async function listSnapshots(runFolder: string): Promise<Snapshot[]> {
  const state = path.join(runFolder, runFiles.snapshots);
  const names = await fs.readdir(state).catch(() => []);
  const found = await Promise.all(
    names.filter(name => stepOf(name) !== null).map(name => openSnapshot(path.join(state, name))),
  );
  return found.filter(snapshot => snapshot !== null).sort((a, b) => a.step - b.step);
}

/**
 * The newest snapshot whose files also have their hashes, or null; `damaged` are newer ones that do not. `names`: the files that
 * will be read; the others, of a large model minutes' worth of hashing, are only there.
 */
export async function newestSnapshot(
  runFolder: string,
  names?: readonly string[],
): Promise<{ snapshot: Snapshot | null; damaged: number[] }> {
  const damaged: number[] = [];
  for (const snapshot of (await listSnapshots(runFolder)).reverse()) {
    if (await hashesFit(snapshot, names)) return { snapshot, damaged };
    damaged.push(snapshot.step);
  }
  return { snapshot: null, damaged };
}

/** Whether every file, or each of `names`, has the hash that DONE says. */
export async function hashesFit(
  { folder, record }: Snapshot,
  names: readonly string[] = Object.keys(record.files),
): Promise<boolean> {
  for (const name of names) {
    const found = await measureFile(path.join(folder, name)).catch(() => null);
    if (!found || found.sha256 !== record.files[name]?.sha256) return false;
  }
  return true;
}

/** Removes torn snapshots, and all but the newest `keep` whole ones (0: keep all) that are not in use. */
export async function pruneSnapshots(
  runFolder: string,
  keep: number,
  inUse: ReadonlySet<number> = new Set(),
): Promise<void> {
  const whole = await listSnapshots(runFolder);
  const kept = new Set(
    whole.filter(({ step }, i) => keep === 0 || i >= whole.length - keep || inUse.has(step)).map(s => s.folder),
  );
  const state = path.join(runFolder, runFiles.snapshots);
  for (const name of await fs.readdir(state).catch(() => [])) {
    if (!kept.has(path.join(state, name))) await removeSnapshot(path.join(state, name));
  }
}

/** Removes what lies past a step: a resumed run will write it again. */
export async function removeSnapshotsAfter(runFolder: string, step: number): Promise<void> {
  for (const snapshot of await listSnapshots(runFolder)) {
    if (snapshot.step > step) await removeSnapshot(snapshot.folder);
  }
}

/** DONE goes first: a crash in between must not leave a DONE over missing files. */
async function removeSnapshot(folder: string): Promise<void> {
  await fs.rm(path.join(folder, doneName), { force: true });
  await fs.rm(folder, { recursive: true, force: true });
}

async function openSnapshot(folder: string): Promise<Snapshot | null> {
  try {
    const record = JSON.parse(await fs.readFile(path.join(folder, doneName), 'utf8')) as SnapshotRecord;
    if (record.formatVersion !== runFormatVersion || path.basename(folder) !== stepName(record.step)) return null;
    for (const [name, { sizeBytes }] of Object.entries(record.files)) {
      if ((await fs.stat(path.join(folder, name))).size !== sizeBytes) return null;
    }
    return { step: record.step, folder, record };
  } catch {
    return null; // no DONE, a torn DONE, a missing file: not a snapshot
  }
}

async function measureFile(file: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 4 << 20 })) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
