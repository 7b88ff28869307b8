// evaluations/ of a run: `0007.json` of every time its networks were judged, `step-00000500.json` of every test beside the
// training. Half-deleted and foreign files are passed over.
import { readdirSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { EvaluationRecord } from '../../protocol/evaluation';
import type { NetworkTest } from '../../protocol/generation';
import { runFormatVersion } from '../../protocol/runRecords';
import type { TrainingTest } from '../../protocol/runs';
import { makeFolder, writeFileAtomically } from '../util/atomicFile';
import { writeDurably } from './durableFile';
import { logEvent } from './eventLog';
import { runFiles, stepName, stepOf } from './runFiles';

/** An evaluation that was kept. */
export interface KeptEvaluation {
  /** `0007` */
  readonly id: string;
  readonly file: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly record: EvaluationRecord;
}

const folderOf = (runFolder: string): string => path.join(runFolder, runFiles.evaluations);
const fileOf = (runFolder: string, id: string): string => path.join(folderOf(runFolder), `${id}.json`);

/** Keeps it under the next number, and says so in the log. Returns its file. *Errors* `file-system`. */
export async function keepEvaluation(runFolder: string, record: EvaluationRecord): Promise<string> {
  makeFolder(folderOf(runFolder));
  const names = readdirSync(folderOf(runFolder));
  const newest = Math.max(0, ...names.map(name => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0)));
  const file = fileOf(runFolder, String(newest + 1).padStart(4, '0'));
  await writeFileAtomically(file, out => out.append(Buffer.from(`${JSON.stringify(record)}\n`)));
  logEvent(runFolder, { event: 'evaluated', file, generated: record.generated });
  return file;
}

/** Ids and times of the evaluations, newest first; the time is empty of one that was deleted this moment. */
export async function listEvaluations(runFolder: string): Promise<{ id: string; createdAt: string }[]> {
  const names = await fs.readdir(folderOf(runFolder)).catch(() => []);
  const ids = names
    .filter(name => /^\d{4,}\.json$/.test(name))
    .map(name => path.basename(name, '.json'))
    .sort((a, b) => Number(b) - Number(a));
  return Promise.all(
    ids.map(async id => {
      const stat = await fs.stat(fileOf(runFolder, id)).catch(() => null);
      return { id, createdAt: stat?.mtime.toISOString() ?? '' };
    }),
  );
}

/** The wanted one if it is there, else the newest; null where there is none or it is torn. */
export async function readEvaluation(runFolder: string, wanted?: string): Promise<KeptEvaluation | null> {
  const found = await listEvaluations(runFolder);
  const id = (found.find(each => each.id === wanted) ?? found[0])?.id;
  if (id === undefined) return null;
  const file = fileOf(runFolder, id);
  try {
    const record = JSON.parse(await fs.readFile(file, 'utf8')) as Partial<EvaluationRecord> | null;
    const result = record?.evaluation;
    if (result?.formatVersion !== 1 || !Array.isArray(result.rows) || !Array.isArray(result.networks)) return null;
    const { mtime } = await fs.stat(file);
    // The cast: what its readers go through was just seen.
    return { id, file, createdAt: mtime.toISOString(), record: record as EvaluationRecord };
  } catch {
    return null; // half deleted, or half written by hand
  }
}

/** Keeps what came of the test of a snapshot: what `generate` printed, or why there is nothing. *Errors* `file-system`. */
export async function keepTrainingTest(
  runFolder: string,
  { step, output, problem }: { readonly step: number; readonly output: unknown; readonly problem: string | null },
): Promise<void> {
  makeFolder(folderOf(runFolder));
  const content = { formatVersion: runFormatVersion, kind: 'during-training', step, output, problem };
  await writeDurably(fileOf(runFolder, stepName(step)), `${JSON.stringify(content)}\n`);
  logEvent(runFolder, { event: 'tested', step, problem });
}

/** The tests beside the training, by step. */
export async function listTrainingTests(runFolder: string): Promise<TrainingTest[]> {
  const names = await fs.readdir(folderOf(runFolder)).catch(() => []);
  const tests = await Promise.all(
    names
      .filter(name => name.endsWith('.json') && stepOf(path.basename(name, '.json')) !== null)
      .map(name => readTrainingTest(path.join(folderOf(runFolder), name))),
  );
  return tests.filter(test => test !== null).sort((a, b) => a.step - b.step);
}

async function readTrainingTest(file: string): Promise<TrainingTest | null> {
  try {
    const record = JSON.parse(await fs.readFile(file, 'utf8')) as {
      step?: unknown;
      problem?: unknown;
      output?: { networks?: { test?: Partial<NetworkTest> | null }[] } | null;
    } | null; // ours, and looked at below
    if (typeof record?.step !== 'number') return null;
    const tests = (record.output?.networks ?? []).map(network => network.test ?? {});
    const accuracies = tests.map(test => test.accuracy).filter(accuracy => typeof accuracy === 'number');
    const accuracy =
      accuracies.length === 0 ? null : accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
    const problem = record.problem ?? tests.find(test => typeof test.problem === 'string')?.problem;
    return { step: record.step, accuracy, problem: typeof problem === 'string' ? problem : null };
  } catch {
    return null;
  }
}
