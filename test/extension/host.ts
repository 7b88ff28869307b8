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

/** Our commands that some test has run: at the end none is missing. */
export const commandsRun = new Set<string>();

export function command<T>(id: string, ...args: unknown[]): Thenable<T> {
  commandsRun.add(id);
  return vscode.commands.executeCommand<T>(id, ...args);
}

export interface ShownMessage {
  readonly text: string;
  readonly buttons: readonly string[];
}

/** The messages shown while `work` goes on; `answer` presses one of their buttons. */
export async function messagesOf(
  work: () => Thenable<unknown>,
  answer: (message: ShownMessage) => string | undefined = () => undefined,
): Promise<ShownMessage[]> {
  const shown: ShownMessage[] = [];
  const kinds = ['showInformationMessage', 'showWarningMessage', 'showErrorMessage'] as const;
  // The cast: three functions of one shape, replaced for a moment and put back.
  const window = vscode.window as unknown as Record<(typeof kinds)[number], (...args: unknown[]) => Promise<unknown>>;
  const before = kinds.map(kind => [kind, window[kind]] as const);
  for (const kind of kinds)
    window[kind] = async (text, ...items) => {
      const message = { text: String(text), buttons: items.filter(item => typeof item === 'string') };
      shown.push(message);
      return answer(message);
    };
  try {
    await work();
  } finally {
    for (const [kind, original] of before) window[kind] = original;
  }
  return shown;
}

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
  limitMs = 90_000,
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
