// Generated networks of a run: numbered folders in its samples/, one for the test of each snapshot beside the training, and
// wherever else the log says that some were written to. Each network has its record beside it.
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { GeneratedRecord, LoggedEvent } from '../../protocol/runRecords';
import { fileError } from '../util/rpgError';
import { writeDurably } from './durableFile';
import { readEvents } from './eventLog';
import { runFiles, stepName, stepOf } from './runFiles';

/** One folder of networks. */
export interface SampleFolder {
  readonly folder: string;
  /** The generation that made it, where the log tells of it. */
  readonly generation: LoggedEvent<'generated'> | null;
  /** At least one. */
  readonly records: readonly GeneratedRecord[];
}

/** More are not listed: a view has no use for them. */
const maxFolders = 50;
const maxNetworks = 1000;

const samplesOf = (runFolder: string): string => path.join(runFolder, runFiles.samples);

/** Makes the folder with the next number, which no other process gets. *Errors* `file-system`. */
export async function makeSamplesFolder(runFolder: string): Promise<string> {
  const samples = samplesOf(runFolder);
  try {
    await fs.mkdir(samples, { recursive: true });
    for (;;) {
      const numbers = (await fs.readdir(samples)).map(name => (/^\d{4,}$/.test(name) ? Number(name) : 0));
      const folder = path.join(samples, String(Math.max(0, ...numbers) + 1).padStart(4, '0'));
      const made = await fs.mkdir(folder).then(
        () => true,
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false; // another generation took the number
          throw error;
        },
      );
      if (made) return folder;
    }
  } catch (error) {
    throw fileError(samples, 'make a folder', error);
  }
}

/** Removes a folder that was made for networks that never came. One outside the run, or with some in it, stays. */
export async function removeEmptySamples(runFolder: string, folder: string): Promise<void> {
  if (path.dirname(folder) === samplesOf(runFolder)) await fs.rmdir(folder).catch(() => undefined); // not empty
}

/** Where the network of a snapshot's test goes: among the run's samples, and not one a person asked for. */
export function testSamplesFolder(runFolder: string, step: number): string {
  return path.join(samplesOf(runFolder), stepName(step));
}

/** Writes the record of a network beside it. *Errors* `file-system`. */
export async function writeGeneratedRecord(folder: string, name: string, record: GeneratedRecord): Promise<void> {
  await writeDurably(path.join(folder, recordName(name)), `${JSON.stringify(record, null, 2)}\n`);
}

export const recordName = (network: string): string => `${network}.json`;

/** Where networks that a person asked for were last written to, and still are; null: nowhere. */
export function newestGenerated(runFolder: string): string | null {
  const folders = readEvents(runFolder, 'generated').map(({ folder }) => folder);
  const isWanted = (folder: string): boolean => !isTestFolder(runFolder, folder) && existsSync(folder);
  return folders.filter(folder => folder !== null).findLast(isWanted) ?? null;
}

/** The generation that made a folder, where the log tells of it. */
export function generationOf(runFolder: string, folder: string): LoggedEvent<'generated'> | null {
  return readEvents(runFolder, 'generated').findLast(event => event.folder === folder) ?? null;
}

/** Sampling time of one of its networks; null where it was not written down. */
export function msPerNetwork(generation: LoggedEvent<'generated'> | null): number | null {
  const { samplingMs, count } = generation ?? { samplingMs: null, count: null };
  return samplingMs === null || !count ? null : samplingMs / count;
}

/** The folders that hold networks, newest first. */
export async function listSamples(runFolder: string): Promise<SampleFolder[]> {
  const generations = new Map<string, LoggedEvent<'generated'>>();
  for (const event of readEvents(runFolder, 'generated'))
    if (event.folder !== null) generations.set(event.folder, event);
  const inside = (await fs.readdir(samplesOf(runFolder)).catch(() => []))
    .filter(name => !name.startsWith('.'))
    .map(name => path.join(samplesOf(runFolder), name));
  const madeAt = (folder: string): number => {
    const time = generations.get(folder)?.time;
    return time === undefined ? 0 : Date.parse(time);
  };
  const folders = [...new Set([...inside, ...generations.keys()])].sort(
    (a, b) => madeAt(b) - madeAt(a) || (a < b ? 1 : -1),
  );
  const found = await Promise.all(
    folders.slice(0, maxFolders).map(async folder => ({
      folder,
      generation: generations.get(folder) ?? null,
      records: await readRecords(folder),
    })),
  );
  return found.filter(({ records }) => records.length > 0);
}

async function readRecords(folder: string): Promise<GeneratedRecord[]> {
  const entries = await fs.readdir(folder).catch(() => []);
  const records: GeneratedRecord[] = [];
  for (const name of entries.filter(entry => entry.endsWith('.json')).slice(0, maxNetworks)) {
    try {
      const record = JSON.parse(await fs.readFile(path.join(folder, name), 'utf8')) as Partial<GeneratedRecord> | null;
      if (typeof record?.file === 'string' && record.sampler) records.push(record as GeneratedRecord);
    } catch {
      // a torn or foreign file
    }
  }
  return records;
}

function isTestFolder(runFolder: string, folder: string): boolean {
  const step = stepOf(path.basename(folder));
  return step !== null && path.resolve(folder) === path.resolve(testSamplesFolder(runFolder, step));
}
