// `rpg evaluate RUN`: a run's generated networks beside the checkpoints it learned and the trivial baselines. Keeps the record
// in the run's evaluations/ folder and, when asked, a report and tables. Makes ten networks first where there are none.
import * as path from 'node:path';
import type { LoggedEvent, RunRecord } from '../../../protocol/runRecords';
import {
  evaluateDefaults,
  type EvaluateRunParams,
  type EvaluateRunResult,
  type EvaluationRecord,
  type EvaluationResult,
} from '../../../protocol/evaluation';
import { csvText } from '../../../shared/csv';
import { groupTable, iouTable, networkTable } from '../../evaluation/csv';
import { reportHtml } from '../../evaluation/report';
import { keepEvaluation } from '../../runs/evaluations';
import { readMetrics } from '../../runs/metricsLog';
import { readRunDataset } from '../../runs/runDataset';
import { findRun, readRun } from '../../runs/runStore';
import { generationOf, msPerNetwork, newestGenerated } from '../../runs/samples';
import { makeFolder, writeFileAtomically } from '../../util/atomicFile';
import { mendableError, type RpgError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { hostTurn } from '../deviceTurn';
import { adviceFor } from './advice';
import { evaluateFolders } from './evaluateFolders';
import { generate } from '../generate/generate';
import { registeredTest } from './openTester';

const defaultCount = 10;
/** Share of the progress that belongs to generating, when that comes first. */
const generatingShare = 0.3;

/** *Errors* those of `generate` and `evaluate`; `file-system`. A network that fails its test is part of the result. */
export async function evaluateRun(params: EvaluateRunParams, context: OperationContext): Promise<EvaluateRunResult> {
  const runFolder = await findRun(context.workspace, params.run);
  const run = await readRun(runFolder);
  const dataset = await readRunDataset(runFolder);
  // As generate's log has it: the record outlives the folder the command was typed in.
  const known = params.generated === undefined ? newestGenerated(runFolder) : path.resolve(params.generated);
  if (known === null && run.config.condition.kind !== 'none') throw noneOfTask(run.id);
  const generated = known ?? (await generateFirst(params, run.id, context));
  const report = (progress: { fraction: number | null; message: string }): void => {
    const fraction =
      known || progress.fraction === null
        ? progress.fraction
        : generatingShare + (1 - generatingShare) * progress.fraction;
    context.report({ ...progress, fraction });
  };
  const registered = registeredTest(context.workspace, run);
  const judge = (): Promise<EvaluationResult> =>
    evaluateFolders(
      {
        dataset: dataset.folder,
        key: dataset.key,
        generated,
        testCommand: params.test ?? registered.testCommand,
        weightsOnly: params.weightsOnly,
        timeLimitSeconds: params.timeLimitSeconds ?? evaluateDefaults.timeLimitSeconds,
        concurrency: params.concurrency ?? evaluateDefaults.concurrency,
        accuracyPattern: params.accuracyPattern ?? registered.accuracyPattern,
        networksPerBaseline: params.networksPerBaseline ?? evaluateDefaults.networksPerBaseline,
        midpoints: params.midpoints ?? evaluateDefaults.midpoints,
        seed: params.seed ?? evaluateDefaults.seed,
      },
      { ...context, report },
      { run: run.id, files: dataset.files, advise: () => adviceFor(run.config, readMetrics(runFolder)) },
    );
  // Tests use the processor, whatever trained the networks.
  const onWait = (message: string): void => report({ fraction: null, message });
  const evaluation = await context.onDevice(hostTurn, judge, onWait);
  const record: EvaluationRecord = {
    run: run.id,
    generated,
    generation: factsOfGeneration(generationOf(runFolder, generated)),
    evaluation,
  };
  const file = await keepEvaluation(runFolder, record);
  if (params.report !== undefined)
    await writeReport(params.report, { runFolder, run, record, workspace: context.workspace });
  const tables = params.csv === undefined ? [] : await writeTables(params.csv, evaluation);
  return { ...record, file, report: params.report ?? null, tables };
}

async function generateFirst(params: EvaluateRunParams, run: string, context: OperationContext): Promise<string> {
  const report = (progress: { fraction: number | null; message: string }): void =>
    context.report({ ...progress, fraction: (progress.fraction ?? 0) * generatingShare });
  const { folder } = await generate(
    { run, count: params.count ?? defaultCount, seed: params.seed ?? 0 },
    { ...context, report },
  );
  return folder;
}

/** Which tasks are worth judging is the person's choice. */
function noneOfTask(run: string): RpgError {
  return mendableError(
    'nothing-generated',
    `${run} generates for a task, and has generated no networks yet`,
    [{ does: 'generate', run, isForTask: true }],
    { run },
  );
}

/** Seconds and memory of the sampling that made these networks. */
function factsOfGeneration(generation: LoggedEvent<'generated'> | null): EvaluationRecord['generation'] {
  const ms = msPerNetwork(generation);
  if (!generation || ms === null) return null;
  const { peakBytes, deviceBytes, device } = generation;
  return { msPerNetwork: ms, peakBytes, deviceBytes, device: String(device) };
}

/** `0.60 s on portable/native, process memory at most 166 MB`. */
export function describeGeneration(generation: NonNullable<EvaluationRecord['generation']>): string {
  const { msPerNetwork, device, peakBytes, deviceBytes } = generation;
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    `${(msPerNetwork / 1000).toFixed(2)} s on ${device}`,
    ...(peakBytes === null ? [] : [`process memory at most ${megabytes(peakBytes)}`]),
    ...(deviceBytes ? [`${megabytes(deviceBytes)} of the card`] : []),
  ].join(', ');
}

/** Writes the self-contained HTML report of an evaluation. *Errors* `file-system`. */
export async function writeReport(
  file: string,
  {
    runFolder,
    run,
    record,
    workspace,
  }: { runFolder: string; run: RunRecord; record: EvaluationRecord; workspace: string },
): Promise<void> {
  const title = `${run.config.name}: generated networks, judged`;
  const facts = factsOf(run, record, workspace);
  await writeText(file, reportHtml({ title, facts, loss: lossOf(runFolder), result: record.evaluation }));
}

async function writeTables(folder: string, evaluation: EvaluationResult): Promise<string[]> {
  makeFolder(folder);
  const tables = { groups: groupTable(evaluation), networks: networkTable(evaluation), iou: iouTable(evaluation) };
  const files: string[] = [];
  for (const [name, rows] of Object.entries(tables)) {
    if (rows.length === 0) continue;
    files.push(path.join(folder, `${name}.csv`));
    await writeText(files.at(-1)!, csvText(rows));
  }
  return files;
}

async function writeText(file: string, text: string): Promise<void> {
  makeFolder(path.dirname(file));
  await writeFileAtomically(file, out => out.append(Buffer.from(text)));
}

/** A path that means the same to whoever gets the report. */
function insideWorkspace(workspace: string, folder: string): string {
  const relative = path.relative(workspace, folder);
  return relative.startsWith('..') ? folder : relative;
}

function factsOf(run: RunRecord, { generated, generation }: EvaluationRecord, workspace: string): [string, string][] {
  const { config, dataset, engine } = run;
  const facts: [string, string][] = [
    ['Run', run.id],
    [
      'Dataset',
      `${dataset.name}: ${dataset.nCheckpoints} checkpoints of ${dataset.nWeights.toLocaleString('en-US')} weights, ${dataset.nTokens} tokens of ${config.tokens.dimPerToken}`,
    ],
    [
      'Model',
      `${config.recurrent.kind}, ${run.nParameters.toLocaleString('en-US')} parameters, ${config.training.steps.toLocaleString('en-US')} steps`,
    ],
    ['Trained on', `${engine.engine}/${engine.device}: ${engine.description}`],
    ['Generated networks', insideWorkspace(workspace, generated)],
  ];
  if (generation) facts.push(['To generate one', describeGeneration(generation)]);
  return facts;
}

const lossOf = (runFolder: string): { x: number; y: number }[] =>
  readMetrics(runFolder).map(({ step, loss }) => ({ x: step, y: loss }));
