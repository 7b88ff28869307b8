// An evaluation that was kept, as the HTML report that `rpg evaluate --report` writes at once.
import { statSync } from 'node:fs';
import * as path from 'node:path';
import { readEvaluation } from '../../runs/evaluations';
import { findRun, readRun } from '../../runs/runStore';
import { mendableError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { writeReport } from './evaluateRun';

/** *Errors* `run-not-found`, `not-evaluated`, `file-system`. */
export async function exportReport(
  params: { run: string; evaluation?: string; out: string },
  context: OperationContext,
): Promise<{ file: string; sizeBytes: number }> {
  const runFolder = await findRun(context.workspace, params.run);
  const run = await readRun(runFolder);
  const evaluation = await readEvaluation(runFolder, params.evaluation);
  if (!evaluation)
    throw mendableError('not-evaluated', `${run.id} was not evaluated yet`, [{ does: 'evaluate', run: run.id }]);
  const file = path.resolve(params.out);
  await writeReport(file, { runFolder, run, record: evaluation.record, workspace: context.workspace });
  return { file, sizeBytes: statSync(file).size };
}
