// One run with all that its folder tells: record, evaluations, generated networks, files and resources. Half-deleted folders
// are shown as far as they go; nothing here throws over what is missing.
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { NetworkTest } from '../../../protocol/generation';
import type { RunDetails, SampleSet, TrainingTest } from '../../../protocol/runs';
import type { EvaluationRecord, EvaluationResult } from '../../../protocol/evaluation';
import type { GeneratedRecord, LogLine, RunRecord } from '../../../protocol/runRecords';
import { accuracyOfFileName } from '../../datasets/checkpointFolder';
import { findRun, readRun, runFiles, summarizeRun } from '../../runs/runStore';
import type { OperationContext } from '../context';

/** More are not listed: a view has no use for them. */
const maxSampleSets = 50;
const maxNetworks = 1000;

/** *Errors* `run-not-found`. */
export async function runDetails(
  params: { run: string; evaluation?: string },
  { workspace }: OperationContext,
): Promise<RunDetails> {
  const folder = await findRun(workspace, params.run);
  const summary = await summarizeRun(folder);
  const record: RunRecord | null = await readRun(folder).catch(() => null);
  const found = await listEvaluations(folder);
  const log = await readLog(folder);
  const evaluation = await readEvaluation(folder, found, params.evaluation);
  return {
    summary,
    config: record?.config ?? null,
    dataset: record?.dataset ?? null,
    engine: record?.engine ?? null,
    failure: record?.failure ?? null,
    evaluation,
    evaluations: await Promise.all(found.map(async id => ({ id, createdAt: await evaluatedAt(folder, id) }))),
    duringTraining: await listTrainingTests(folder),
    samples: await listSamples(folder, log, evaluation?.record.evaluation ?? null),
    files: listFiles(folder),
    resources: resourcesOf(log, summary.status === 'running'),
  };
}

/** Where evaluations of a run are kept. */
export const evaluationsFolder = (runFolder: string): string => path.join(runFolder, 'evaluations');

/** Ids of the whole evaluations, newest first. */
export async function listEvaluations(runFolder: string): Promise<string[]> {
  const names = await fs.readdir(evaluationsFolder(runFolder)).catch(() => []);
  return names
    .filter(name => /^\d{4,}\.json$/.test(name))
    .map(name => path.basename(name, '.json'))
    .sort((a, b) => Number(b) - Number(a));
}

/** The wanted one of those found, else the newest; null where there is none or it is torn. */
export async function readEvaluation(
  folder: string,
  found: readonly string[],
  wanted?: string,
): Promise<RunDetails['evaluation']> {
  const id = found.find(each => each === wanted) ?? found[0];
  if (id === undefined) return null;
  const file = path.join(evaluationsFolder(folder), `${id}.json`);
  try {
    const record = JSON.parse(await fs.readFile(file, 'utf8')) as Partial<EvaluationRecord> | null;
    const result = record?.evaluation;
    if (result?.formatVersion !== 1 || !Array.isArray(result.rows) || !Array.isArray(result.networks)) return null;
    const { mtime } = await fs.stat(file);
    return { id, file, createdAt: mtime.toISOString(), record: record as EvaluationRecord };
  } catch {
    return null; // half deleted, or half written by hand
  }
}

/** Empty for one that was deleted this moment. */
async function evaluatedAt(folder: string, id: string): Promise<string> {
  const stat = await fs.stat(path.join(evaluationsFolder(folder), `${id}.json`)).catch(() => null);
  return stat?.mtime.toISOString() ?? '';
}

/** What the trainer kept of its tests beside the training, by step. A torn or foreign file is passed over. */
export async function listTrainingTests(folder: string): Promise<TrainingTest[]> {
  const names = await fs.readdir(evaluationsFolder(folder)).catch(() => []);
  const tests = await Promise.all(
    names
      .filter(name => /^step-\d+\.json$/.test(name))
      .map(async name => readTrainingTest(path.join(evaluationsFolder(folder), name))),
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

/** Folders of the run's samples/, and others that its log says networks were generated to. */
async function listSamples(
  folder: string,
  log: readonly LogLine[],
  evaluation: EvaluationResult | null,
): Promise<SampleSet[]> {
  const events = new Map(log.filter(line => line.event === 'generated').map(line => [String(line.folder), line]));
  const inside = (await fs.readdir(path.join(folder, runFiles.samples)).catch(() => []))
    .filter(name => !name.startsWith('.'))
    .map(name => path.join(folder, runFiles.samples, name));
  const folders = [...new Set([...inside, ...events.keys()])].sort(
    (a, b) => madeAt(b, events) - madeAt(a, events) || (a < b ? 1 : -1),
  );
  const measured = new Map(evaluation?.networks.map(({ name, accuracy }) => [name, accuracy]));
  const sets = await Promise.all(
    folders.slice(0, maxSampleSets).map(found => readSampleSet(found, events.get(found), measured)),
  );
  return sets.filter(set => set !== null);
}

function madeAt(folder: string, events: ReadonlyMap<string, LogLine>): number {
  const time = events.get(folder)?.time;
  return time === undefined ? 0 : Date.parse(time);
}

async function readSampleSet(
  folder: string,
  event: LogLine | undefined,
  measured: ReadonlyMap<string, number | null>,
): Promise<SampleSet | null> {
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
  const first = records[0];
  if (!first) return null;
  const { kind, steps } = first.sampler;
  const [samplingMs, count] = [event?.samplingMs, event?.count];
  return {
    folder,
    title: `${path.basename(folder)}: ${records.length} by ${kind === 'none' ? 'prototypes' : `${kind}, ${steps} steps`}`,
    step: first.step,
    passes: steps,
    msPerNetwork: typeof samplingMs === 'number' && typeof count === 'number' && count > 0 ? samplingMs / count : null,
    peakMemoryBytes: typeof event?.peakBytes === 'number' ? event.peakBytes : null,
    networks: records.map(({ file, nNotFinite }) => ({
      file: path.join(folder, file),
      accuracy: measured.get(path.parse(file).name) ?? measured.get(file) ?? accuracyOfFileName(file),
      nNotFinite,
    })),
  };
}

function listFiles(folder: string): RunDetails['files'] {
  const all = [
    { name: runFiles.record, title: 'Configuration and record', kind: 'file' },
    { name: runFiles.metrics, title: 'Metrics, one line a step', kind: 'file' },
    { name: runFiles.log, title: 'Log of the run', kind: 'file' },
    { name: runFiles.weights, title: 'Weights', kind: 'file' },
    { name: runFiles.samples, title: 'Generated networks', kind: 'folder' },
    { name: 'evaluations', title: 'Evaluations', kind: 'folder' },
    { name: '.', title: 'Folder of the run', kind: 'folder' },
  ] as const;
  return all
    .map(({ name, title, kind }) => ({ path: path.join(folder, name), title, kind }))
    .filter(file => existsSync(file.path));
}

async function readLog(folder: string): Promise<LogLine[]> {
  const text = await fs.readFile(path.join(folder, runFiles.log), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map(parseLogLine)
    .filter(line => line !== null);
}

/** Null for the last line, which may be torn. */
function parseLogLine(text: string): LogLine | null {
  try {
    const line = JSON.parse(text) as Partial<LogLine> | null;
    const isWhole = typeof line?.time === 'string' && typeof line.event === 'string';
    return isWhole ? (line as LogLine) : null; // both keys were just seen
  } catch {
    return null;
  }
}

/** What the trainer itself logs. Networks are generated and judged at any later time, which is not time spent training. */
const trainingEvents: ReadonlySet<string> = new Set([
  ...['started', 'resumed', 'snapshot', 'test-skipped'],
  ...['interrupted', 'stopped', 'failed', 'finished'],
]);

/** Time is counted from every start to the trainer's last event before the next; of a run at work, to now. */
function resourcesOf(log: readonly LogLine[], isRunning: boolean): RunDetails['resources'] {
  let elapsedMs: number | null = null;
  let startedAt: number | null = null;
  let lastAt = 0;
  const close = (): void => {
    if (startedAt !== null) elapsedMs = (elapsedMs ?? 0) + (lastAt - startedAt);
  };
  for (const line of log.filter(({ event }) => trainingEvents.has(event))) {
    const at = Date.parse(line.time);
    if (line.event === 'started' || line.event === 'resumed') {
      close();
      startedAt = at;
    }
    lastAt = at;
  }
  if (isRunning) lastAt = Date.now();
  close();
  const snapshot = log.findLast(line => line.event === 'snapshot');
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    memoryBytes: number(snapshot?.peakBytes),
    stepsPerSecond: number(snapshot?.stepsPerSecond),
    elapsedMs,
  };
}
