// Zoos for people without one: the packaged one copied at once, or a new one trained by a recipe. Both are registered.
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import type { DatasetRecord } from '../../../protocol/datasets';
import {
  type DemoZooResult,
  prepareZooDefaults,
  type PrepareZooParams,
  type PrepareZooResult,
} from '../../../protocol/zoo';
import { listDatasets, saveDataset, suggestDatasetName } from '../../datasets/datasetStore';
import { fileError, RpgError } from '../../util/rpgError';
import { packagedFile } from '../../util/packagedFile';
import type { OperationContext } from '../context';
import { hostTurn } from '../deviceTurn';
import { register } from '../datasets/datasets';
import { trainZoo, waiting } from './prepareZoo';

/** *Errors* those of copying, training and registering. A demo that is there already is used again. */
export function prepareDemo(params: { folder: string }, context: OperationContext): Promise<DemoZooResult> {
  return context.onDevice(hostTurn, () => makeDemo(params, context), waiting(context));
}

async function makeDemo(params: { folder: string }, context: OperationContext): Promise<DemoZooResult> {
  const folder = path.resolve(context.workspace, params.folder);
  const known = listDatasets(context.workspace).find(({ path: at, state }) => at === folder && state === 'ready');
  if (known) return { folder, dataset: known.name };
  if (!hasCheckpoints(folder)) {
    const packaged = packagedZoo();
    if (packaged === null) await trainZoo({ ...prepareZooDefaults, recipe: 'fashion-cnnsmall', out: folder }, context);
    else copyZoo(packaged, folder, context);
  }
  return { folder, dataset: (await registerWithBuiltInTest(folder, context)).name };
}

/** *Errors* those of `prepareZoo` and of registering. */
export function createZoo(
  params: PrepareZooParams,
  context: OperationContext,
): Promise<PrepareZooResult & { dataset: string }> {
  const out = path.resolve(context.workspace, params.out);
  const work = async (): Promise<PrepareZooResult & { dataset: string }> => {
    const result = await trainZoo({ ...params, out }, context);
    return { ...result, dataset: (await registerWithBuiltInTest(result.folder, context)).name };
  };
  return context.onDevice(hostTurn, work, waiting(context));
}

/** The recipes' networks have a test in this program: it needs no Python, unlike the zoo's test.py. */
async function registerWithBuiltInTest(folder: string, context: OperationContext): Promise<DatasetRecord> {
  const taken = new Set(listDatasets(context.workspace).map(({ name }) => name));
  const base = suggestDatasetName(folder);
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  const record = { ...(await register({ folder, name }, context)), testCommand: null };
  await saveDataset(context.workspace, record, { replace: true });
  return record;
}

function hasCheckpoints(folder: string): boolean {
  const checkpoints = path.join(folder, 'checkpoint');
  return existsSync(checkpoints) && readdirSync(checkpoints).length > 0;
}

function packagedZoo(): string | null {
  try {
    return packagedFile('datasets/fashion-cnnsmall-zoo');
  } catch (error) {
    if (error instanceof RpgError && error.code === 'packaged-file-missing') return null; // a checkout: it is trained instead
    throw error;
  }
}

function copyZoo(packaged: string, folder: string, { report }: OperationContext): void {
  report({ fraction: null, message: 'Copying the packaged zoo' });
  try {
    mkdirSync(folder, { recursive: true });
    cpSync(packaged, folder, { recursive: true });
  } catch (error) {
    throw fileError(folder, 'copy the packaged zoo to it', error);
  }
}
