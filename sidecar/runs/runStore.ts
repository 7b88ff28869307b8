// The run folders of a workspace: `.rpg/runs/0007-fashion/`. What is written into one is written by a module of this folder,
// or by the model's own writer to a path that one handed out (a snapshot's parts, weights, networks). A run's truth is what
// lies there: its state is derived from the lock and run.json, never remembered elsewhere.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import {
  runFormatVersion,
  type RecordedStatus,
  type RunRecord,
  type RunStatus,
  type RunSummary,
} from '../../protocol/runRecords';
import { byRunNumber, isRunId } from '../../shared/runIds';
import { closest } from '../util/closest';
import { fileError, mendableError, userError, type RpgError } from '../util/rpgError';
import { exists, writeDurably } from './durableFile';
import { lastMetricsLine } from './metricsLog';
import { lockOwner } from './runLock';
import { existingFiles, runFiles } from './runFiles';
import { listSnapshots } from './snapshots';

export function runsFolder(workspace: string): string {
  return path.join(workspace, '.rpg', 'runs');
}

/**
 * Makes the folder of a new run, with its record and what `fill` writes in it from the first moment. Ids count up (`0007-fashion`) and a number
 * is given once, even to processes that ask at the same time.
 */
export async function createRun(
  workspace: string,
  name: string,
  describe: (id: string) => RunRecord,
  fill: (folder: string) => Promise<void> = async () => {},
): Promise<{ folder: string; record: RunRecord }> {
  const runs = runsFolder(workspace);
  try {
    await fs.mkdir(runs, { recursive: true });
    for (;;) {
      const number = nextNumber(await fs.readdir(runs));
      const reserved = path.join(runs, `.${number}`);
      if (!(await makeFolder(reserved))) continue;
      // Whoever held the reservation before may have finished between our look and our mkdir.
      if ((await fs.readdir(runs)).some(entry => entry.startsWith(`${number}-`))) {
        await fs.rmdir(reserved);
        continue;
      }
      const id = `${number}-${slug(name)}`;
      const record = describe(id);
      await writeDurably(path.join(reserved, runFiles.record), formatRecord(record));
      await fill(reserved);
      const folder = path.join(runs, id);
      await fs.rename(reserved, folder);
      return { folder, record };
    }
  } catch (error) {
    throw fileError(runs, 'make a run folder', error);
  }
}

/** Letters, digits and dashes of a name; never empty. */
export function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return plain || 'run';
}

/** Where the weights of a finished run lie, under their published names. */
export const weightsFile = (folder: string): string => path.join(folder, runFiles.weights);

/** What lies in the folder for people to open. */
export const filesToOpen = existingFiles;

/** Replaces some of a run's record. Only its lock's holder may. */
export async function updateRun(
  folder: string,
  change: Partial<Pick<RunRecord, 'status' | 'failure' | 'engine' | 'versions'>>,
): Promise<RunRecord> {
  const record = { ...(await readRun(folder)), ...change };
  await writeDurably(path.join(folder, runFiles.record), formatRecord(record));
  return record;
}

/** Reads run.json. *Errors* `run-newer` made by a newer version; `run-damaged`; `file-system`. */
export async function readRun(folder: string): Promise<RunRecord> {
  const file = path.join(folder, runFiles.record);
  const text = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, 'read it', error);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw runDamaged(file, 'is not JSON');
  }
  const version = (content as Partial<RunRecord> | null)?.formatVersion;
  if (typeof version !== 'number') throw runDamaged(file, 'has no formatVersion');
  if (version > runFormatVersion) throw runNewer(folder, version);
  const missing = requiredKeys.find(key => !(key in (content as object)));
  if (missing !== undefined) throw runDamaged(file, `lacks ${missing}`);
  return content as RunRecord; // written by this program, and its version and keys were checked
}

/**
 * The folder of the run a person names: its id, its number (`7`), a part of its id that fits one run, `last`, or a path.
 * *Errors* `run-not-found`, `run-ambiguous`.
 */
export async function findRun(workspace: string, reference: string): Promise<string> {
  const runs = runsFolder(workspace);
  const ids = await listRunIds(workspace);
  if (ids.includes(reference)) return path.join(runs, reference);
  if (reference === 'last' && ids.length > 0) return path.join(runs, ids.at(-1)!);
  if (reference.includes(path.sep) && (await exists(path.join(reference, runFiles.record))))
    return path.resolve(reference);
  const byNumber = /^\d+$/.test(reference) ? ids.filter(id => Number.parseInt(id, 10) === Number(reference)) : [];
  const fitting = byNumber.length > 0 ? byNumber : reference === '' ? [] : ids.filter(id => id.includes(reference));
  if (fitting.length === 1) return path.join(runs, fitting[0]!);
  throw fitting.length > 1 ? runAmbiguous(reference, fitting) : runNotFound(workspace, reference, ids);
}

/** Ids of all runs, oldest first. */
export async function listRunIds(workspace: string): Promise<string[]> {
  const entries = await fs.readdir(runsFolder(workspace)).catch(() => []);
  return entries.filter(isRunId).sort(byRunNumber);
}

/** All runs as lists show them, oldest first. Runs that cannot be read are shown with the reason. */
export async function listRuns(workspace: string): Promise<RunSummary[]> {
  const ids = await listRunIds(workspace);
  return Promise.all(ids.map(id => summarizeRun(path.join(runsFolder(workspace), id))));
}

/** One run as lists show it. Never throws: what is wrong with it is in `problem`. */
export async function summarizeRun(folder: string): Promise<RunSummary> {
  // First: who reads again when it changes then misses nothing that came while this was read.
  const revision = await revisionOf(folder);
  const owner = await lockOwner(folder).catch(() => null);
  const id = path.basename(folder);
  try {
    const record = await readRun(folder);
    const metrics = lastMetricsLine(folder);
    return {
      id,
      folder,
      status: currentStatus(record.status, owner !== null),
      name: record.config.name,
      dataset: record.dataset.name,
      createdAt: record.createdAt,
      step: metrics?.step ?? 0,
      steps: record.config.training.steps,
      loss: metrics?.loss ?? null,
      engine: record.engine.engine,
      device: record.engine.device,
      pid: owner?.pid ?? null,
      snapshots: (await listSnapshots(folder)).map(snapshot => snapshot.step),
      problem: record.failure?.message ?? null,
      revision,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const unknown = { name: '', dataset: '', createdAt: '', step: 0, steps: 0, loss: null, engine: '', device: '' };
    return {
      id,
      folder,
      status: 'unreadable',
      ...unknown,
      pid: owner?.pid ?? null,
      snapshots: [],
      problem,
      revision,
    };
  }
}

/** The log grows with every event; what is removed by hand is seen in the folders, and in the record's own time. */
async function revisionOf(folder: string): Promise<string> {
  const names = [runFiles.record, runFiles.log, runFiles.samples, runFiles.evaluations, runFiles.snapshots];
  const stamps = await Promise.all(
    names.map(async name => {
      const stat = await fs.stat(path.join(folder, name)).catch(() => null);
      return stat ? `${stat.mtimeMs}/${stat.size}` : '';
    }),
  );
  return stamps.join(' ');
}

/** What a run is now: a trainer that died had no time to write so. */
function currentStatus(recorded: RecordedStatus, isLocked: boolean): RunStatus {
  if (isLocked) return 'running';
  return recorded === 'running' ? 'interrupted' : recorded;
}

const requiredKeys: readonly (keyof RunRecord)[] = [
  'id',
  'config',
  'dataset',
  'engine',
  'workers',
  'status',
  'failure',
];

function formatRecord(record: RunRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** One more than the largest number given, reserved ones (`.0007`) included. */
function nextNumber(entries: readonly string[]): string {
  const numbers = entries.map(entry => Number(/^\.?(\d{4,})(-|$)/.exec(entry)?.[1] ?? 0));
  return String(Math.max(0, ...numbers) + 1).padStart(4, '0');
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await fs.mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function runDamaged(file: string, what: string): RpgError {
  return userError('run-damaged', `${file} ${what}; restore it from a backup, or remove the run's folder`, { file });
}

function runNewer(folder: string, version: number): RpgError {
  return userError(
    'run-newer',
    `${path.basename(folder)} was made by a newer version of this program (run format ${version}, this one knows ${runFormatVersion}); update it`,
    { folder, version },
  );
}

function runAmbiguous(reference: string, ids: readonly string[]): RpgError {
  return userError('run-ambiguous', `'${reference}' fits ${ids.length} runs: ${ids.join(', ')}; name one`, { ids });
}

function runNotFound(workspace: string, reference: string, ids: readonly string[]): RpgError {
  const near = closest(reference, ids);
  const newest = ids.slice(-5).reverse().join(', ');
  const where = `no run '${reference}' in ${runsFolder(workspace)}`;
  if (ids.length === 0)
    return mendableError('run-not-found', `${where}; there are none yet`, [{ does: 'train' }], { reference });
  return userError('run-not-found', `${where}; ${near ? `did you mean ${near}?` : `the newest are ${newest}`}`, {
    reference,
  });
}
