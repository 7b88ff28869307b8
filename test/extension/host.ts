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

/** What a person answers, question by question: an entry of a list by its words, a text, or the file of a save dialog. */
export type Answer = { readonly pick: string | RegExp } | { readonly type: string } | { readonly save: string };

/** Answers what `work` asks, in this order, and returns the lists that were offered. Every answer must be asked for. */
export async function answering(answers: readonly Answer[], work: () => Thenable<unknown>): Promise<string[][]> {
  const left = [...answers];
  const offered: string[][] = [];
  const next = <K extends string>(kind: K, question: string): Extract<Answer, Record<K, unknown>> => {
    const answer = left.shift();
    assert.ok(
      answer && kind in answer,
      `${question}: asked for a ${kind}, and the answer is ${JSON.stringify(answer)}`,
    );
    return answer as Extract<Answer, Record<K, unknown>>; // just seen
  };
  const { createQuickPick, showInputBox, showSaveDialog } = vscode.window;
  // The cast: three functions, replaced for a moment and put back.
  const window = vscode.window as unknown as Record<string, unknown>;
  window.createQuickPick = () => {
    const pick = createQuickPick();
    const accepted = new vscode.EventEmitter<void>();
    let selected: readonly vscode.QuickPickItem[] = [];
    return {
      show: () => {},
      dispose: () => pick.dispose(),
      onDidHide: () => ({ dispose: () => {} }),
      onDidAccept: accepted.event,
      get selectedItems() {
        return selected;
      },
      title: '',
      set items(items: readonly vscode.QuickPickItem[]) {
        offered.push(items.map(({ label }) => label));
        const { pick: wanted } = next('pick', this.title);
        const isWanted = ({ label }: vscode.QuickPickItem): boolean =>
          typeof wanted === 'string' ? label.includes(wanted) : wanted.test(label);
        selected = [
          items.find(isWanted) ?? assert.fail(`${this.title}: nothing like ${wanted} in ${offered.at(-1)!.join(', ')}`),
        ];
        accepted.fire();
      },
    };
  };
  window.showInputBox = async (options: vscode.InputBoxOptions = {}) => {
    const { type } = next('type', options.title ?? '');
    const problem = await options.validateInput?.(type);
    assert.ok(typeof problem !== 'string', `${type}: ${JSON.stringify(problem)}`);
    return type;
  };
  window.showSaveDialog = async ({ title = '' }: vscode.SaveDialogOptions = {}) =>
    vscode.Uri.file(next('save', title).save);
  try {
    await work();
  } finally {
    Object.assign(window, { createQuickPick, showInputBox, showSaveDialog });
  }
  assert.deepEqual(left, [], 'not asked for');
  return offered;
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
