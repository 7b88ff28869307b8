// `rpg zoo RECIPE --out DIR`: trains small real networks on packaged real images and leaves them as a dataset folder that
// the rest of the product, and anyone with PyTorch, can use.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { PrepareZooParams, PrepareZooResult } from '../../../protocol/zoo';
import { summarise } from '../../../shared/statistics';
import { fileError, userError } from '../../util/rpgError';
import { packagedDatasetFolder, readImageDataset } from '../../zoo/imageData';
import { zooMarker } from '../../datasets/checkpointFolder';
import { makeZoo } from '../../zoo/makeZoo';
import { findRecipe } from '../../zoo/recipes/registry';
import { testScript } from '../../zoo/testScript';
import type { OperationContext } from '../context';
import { hostTurn } from '../deviceTurn';
import { writeState } from '../checkpoints/stateFiles';

/**
 * Trains, tests and writes the zoo.
 * *Errors* user: unknown recipe, damaged data, a folder that already holds checkpoints, values out of range; cancelled.
 */
export function prepareZoo(params: PrepareZooParams, context: OperationContext): Promise<PrepareZooResult> {
  return context.onDevice(hostTurn, () => trainZoo(params, context), waiting(context));
}

/** Tells who waits why. */
export const waiting =
  ({ report }: OperationContext) =>
  (message: string): void =>
    report({ fraction: null, message });

/** The same for who has the processor's turn. */
export async function trainZoo(params: PrepareZooParams, context: OperationContext): Promise<PrepareZooResult> {
  const start = performance.now();
  const recipe = findRecipe(params.recipe);
  const dataFolder = path.resolve(params.data ?? packagedDatasetFolder(recipe.dataset));
  const data = readImageDataset(dataFolder);
  const folder = path.resolve(params.out);
  const checkpointFolder = path.join(folder, 'checkpoint');
  prepareFolder(folder, checkpointFolder);

  const checkpoints: string[] = [];
  const accuracies: number[] = [];
  const zoo = makeZoo(recipe, data, {
    runs: params.runs,
    perRun: params.perRun,
    seed: params.seed,
    epochs: params.epochs ?? undefined,
    threads: availableParallelism(),
    signal: context.signal,
    report: context.report,
  });
  for await (const { fileName, state, accuracy } of zoo) {
    const file = path.join(checkpointFolder, fileName);
    await writeState(file, state);
    checkpoints.push(file);
    accuracies.push(accuracy);
  }
  writeText(path.join(folder, 'test.py'), testScript(recipe, dataFolder));
  writeText(path.join(folder, zooMarker), `${JSON.stringify(params, null, 2)}\n`);
  return {
    folder,
    checkpoints,
    accuracy: summarise(accuracies)!, // makeZoo refuses fewer than one checkpoint
    testCommand: 'python3 test.py {file}',
    elapsedMs: performance.now() - start,
  };
}

function prepareFolder(folder: string, checkpointFolder: string): void {
  try {
    mkdirSync(checkpointFolder, { recursive: true });
    mkdirSync(path.join(folder, 'generated'), { recursive: true });
  } catch (error) {
    throw fileError(folder, 'make the zoo folder', error);
  }
  const present = readdirSync(checkpointFolder).length;
  if (present > 0)
    throw userError(
      'zoo-folder-in-use',
      `${checkpointFolder} already holds ${present} files; name a new folder, or remove them`,
      { folder },
    );
}

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw fileError(file, 'write', error);
  }
}
