// `evaluate` for a run: its training checkpoints, its newest generated networks and its dataset's test, and a numbered record
// in the run's folder.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { EvaluateRunParams } from '../../protocol/editor';
import type { EvaluationResult } from '../../protocol/evaluation';
import { listDatasets } from '../datasets/datasetStore';
import { writeDurably } from '../runs/durableFile';
import { findRun, readRun, runFiles } from '../runs/runStore';
import { fileError, userError } from '../util/rpgError';
import type { OperationContext } from './context';
import { evaluate } from './evaluate';
import { evaluationsFolder, listEvaluations } from './runDetails';

/** *Errors* `nothing-generated`, and those of `evaluate`. */
export async function evaluateRun(
  params: EvaluateRunParams,
  context: OperationContext,
): Promise<{ run: string; id: string; file: string; result: EvaluationResult }> {
  const folder = await findRun(context.workspace, params.run);
  const record = await readRun(folder);
  const generated = params.generated ?? (await newestSamples(folder, record.id));
  const { run: _run, generated: _generated, ...settings } = params;
  const result = await evaluate(
    {
      ...settings,
      dataset: record.dataset.folder,
      generated,
      testCommand: testCommandOf(context.workspace, record.dataset.name),
      accuracyPattern: null,
    },
    context,
  );
  const folderOfAll = evaluationsFolder(folder);
  try {
    await fs.mkdir(folderOfAll, { recursive: true });
  } catch (error) {
    throw fileError(folderOfAll, 'make the folder', error);
  }
  const id = String(Number((await listEvaluations(folder))[0] ?? 0) + 1).padStart(4, '0');
  const file = path.join(folderOfAll, `${id}.json`);
  await writeDurably(file, `${JSON.stringify(result, null, 1)}\n`);
  return { run: record.id, id, file, result };
}

/** The command the dataset is registered with; null: the built-in test, if its architecture has one. */
export function testCommandOf(workspace: string, dataset: string): string | null {
  return listDatasets(workspace).find(({ name }) => name === dataset)?.testCommand ?? null;
}

async function newestSamples(folder: string, run: string): Promise<string> {
  const samples = path.join(folder, runFiles.samples);
  const numbered = (await fs.readdir(samples).catch(() => [])).filter(name => /^\d{4,}$/.test(name)).sort();
  const newest = numbered.at(-1);
  if (newest !== undefined) return path.join(samples, newest);
  throw userError('nothing-generated', `${run} has generated no networks yet; generate some, then evaluate them`, {
    run,
  });
}
