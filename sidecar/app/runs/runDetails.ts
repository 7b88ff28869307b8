// One run with all that its folder tells: record, evaluations, generated networks, files and resources. Half-deleted folders
// are shown as far as they go; nothing here throws over what is missing.
import * as path from 'node:path';
import type { RunDetails, SampleSet } from '../../../protocol/runs';
import type { LoggedEvent, RunEventKind, RunRecord } from '../../../protocol/runRecords';
import { accuracyOfFileName } from '../../datasets/checkpointFolder';
import { listEvaluations, listTrainingTests, readEvaluation } from '../../runs/evaluations';
import { readEvents } from '../../runs/eventLog';
import { filesToOpen, findRun, readRun, summarizeRun } from '../../runs/runStore';
import { listSamples, msPerNetwork, type SampleFolder } from '../../runs/samples';
import type { OperationContext } from '../context';

/** *Errors* `run-not-found`. */
export async function runDetails(
  params: { run: string; evaluation?: string },
  { workspace }: OperationContext,
): Promise<RunDetails> {
  const folder = await findRun(workspace, params.run);
  const summary = await summarizeRun(folder);
  const record: RunRecord | null = await readRun(folder).catch(() => null);
  const evaluation = await readEvaluation(folder, params.evaluation);
  const measured = new Map(evaluation?.record.evaluation.networks.map(({ name, accuracy }) => [name, accuracy]));
  return {
    summary,
    config: record?.config ?? null,
    dataset: record?.dataset ?? null,
    engine: record?.engine ?? null,
    failure: record?.failure ?? null,
    evaluation,
    evaluations: await listEvaluations(folder),
    duringTraining: await listTrainingTests(folder),
    samples: (await listSamples(folder)).map(found => sampleSet(found, measured)),
    files: filesToOpen(folder),
    resources: resourcesOf(readEvents(folder, ...trainingEvents), summary.status === 'running'),
  };
}

function sampleSet(
  { folder, generation, records }: SampleFolder,
  measured: ReadonlyMap<string, number | null>,
): SampleSet {
  const { step, sampler } = records[0]!;
  const { kind, steps } = sampler;
  return {
    folder,
    title: `${path.basename(folder)}: ${records.length} by ${kind === 'none' ? 'prototypes' : `${kind}, ${steps} steps`}`,
    step,
    passes: steps,
    msPerNetwork: msPerNetwork(generation),
    peakMemoryBytes: generation?.peakBytes ?? null,
    networks: records.map(({ file, nNotFinite }) => ({
      file: path.join(folder, file),
      accuracy: measured.get(path.parse(file).name) ?? measured.get(file) ?? accuracyOfFileName(file),
      nNotFinite,
    })),
  };
}

/** What the trainer itself logs. Networks are generated and judged at any later time, which is not time spent training. */
const trainingEvents = [
  ...(['started', 'resumed', 'snapshot', 'test-skipped'] as const),
  ...(['interrupted', 'stopped', 'failed', 'finished'] as const),
] satisfies RunEventKind[];

/** Time is counted from every start to the trainer's last event before the next; of a run at work, to now. */
function resourcesOf(
  log: readonly LoggedEvent<(typeof trainingEvents)[number]>[],
  isRunning: boolean,
): RunDetails['resources'] {
  let elapsedMs: number | null = null;
  let startedAt: number | null = null;
  let lastAt = 0;
  const close = (): void => {
    if (startedAt !== null) elapsedMs = (elapsedMs ?? 0) + (lastAt - startedAt);
  };
  for (const line of log) {
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
  return { memoryBytes: snapshot?.peakBytes ?? null, stepsPerSecond: snapshot?.stepsPerSecond ?? null, elapsedMs };
}
