// What a command is, and what it may use. One file a command; registry.ts lists them. A command asks what it was not given,
// calls the sidecar, and says what came of it. Arguments come from menus (a tree node, a file) and from keybindings, tasks and
// tests (an object of values), and nothing in them is believed.
import type * as vscode from 'vscode';
import type { Jobs } from '../state/jobs';
import type { Library } from '../state/library';
import type { SidecarClient } from '../sidecarClient';
import type { SidecarProcess } from '../sidecarProcess';
import type { ViewSection } from '../../protocol/view';

export interface CommandContext {
  readonly client: SidecarClient;
  readonly sidecar: SidecarProcess;
  readonly library: Library;
  readonly jobs: Jobs;
  readonly log: vscode.LogOutputChannel;
  readonly results: ResultsDoor;
  /** Folder of the workspace that holds `.rpg/`. *Errors* `no-workspace`, with an offer to open one. */
  readonly workspace: () => string;
  /** What is remembered for this workspace. */
  readonly memory: vscode.Memento;
}

/** The results views, as commands know them. */
export interface ResultsDoor {
  /** Reveals the panel with these runs, the first in full. */
  show(runs?: readonly string[], section?: ViewSection): Promise<void>;
  /** The same in an editor tab. */
  showInEditor(runs?: readonly string[]): void;
}

export interface RpgCommand {
  readonly run: (context: CommandContext, ...args: readonly unknown[]) => Promise<unknown>;
}

/** The values a caller gave; a tree node's run or dataset among them under the same names. */
export function values(argument: unknown): Readonly<Record<string, unknown>> {
  if (typeof argument !== 'object' || argument === null) return {};
  const given = argument as Record<string, unknown>;
  const node = given.run as { id?: unknown } | undefined;
  const dataset = given.dataset as { name?: unknown } | undefined;
  return {
    ...given,
    ...(typeof node === 'object' ? { run: node.id } : {}),
    ...(typeof dataset === 'object' ? { dataset: dataset.name } : {}),
  };
}

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const wholeNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
