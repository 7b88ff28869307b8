// What every suite uses: the activated extension, the workspace on the disk, and waiting for something to become true.
import * as assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { RpgExtension } from '../../src/extension';
import { makeTrainingWorkspace } from '../support/trainingWorkspace';

export const extensionId = 'rpg-weights.rpg-weights';
export const workspace = process.env.RPG_TEST_WORKSPACE!;
export const root = process.env.RPG_TEST_ROOT!;

export async function extension(): Promise<RpgExtension> {
  const found = vscode.extensions.getExtension<RpgExtension>(extensionId);
  assert.ok(found, `${extensionId} is not installed`);
  return found.activate();
}

export const command = <T>(id: string, ...args: unknown[]): Thenable<T> =>
  vscode.commands.executeCommand<T>(id, ...args);

/** A tiny zoo in the workspace, registered as `zoo`. Made once. */
export async function registeredZoo(): Promise<void> {
  if (!existsSync(path.join(workspace, 'zoo'))) await makeTrainingWorkspace(workspace);
  const { context } = await extension();
  await context.library.refresh();
  if (context.library.datasets.some(({ name }) => name === 'zoo')) return;
  await command('rpg.registerFolder', { folder: path.join(workspace, 'zoo'), name: 'zoo' });
}

/** Sizes that make a step take a millisecond. */
export const tinySettings = (steps: number, saveEvery = 5): string[] => [
  'tokens.dimPerToken=8',
  'recurrent.dModel=[32]',
  'recurrent.nLayers=1',
  'recurrent.dState=4',
  'diffusion.layerChannels=[1,2,3,2,1]',
  'diffusion.kernelSize=3',
  'diffusion.T=8',
  'training.batchSize=2',
  `training.steps=${steps}`,
  `training.saveEvery=${saveEvery}`,
];

export const runFolder = (id: string): string => path.join(workspace, '.rpg', 'runs', id);

export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await condition());) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** A process that is there and no zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
