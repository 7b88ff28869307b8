// RPG: Open Results, in the side panel or an editor tab, and Compare Runs.
import * as vscode from 'vscode';
import { SidecarError } from '../sidecarError';
import { formatLoss } from '../../shared/words';
import { runIcon } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';

export const openResultsCommand: RpgCommand = {
  async run({ results }, argument) {
    const run = text(values(argument).run);
    await results.show(run === undefined ? undefined : [run]);
  },
};

export const openResultsInEditorCommand: RpgCommand = {
  async run({ results }, argument) {
    const run = text(values(argument).run);
    results.showInEditor(run === undefined ? undefined : [run]);
  },
};

/** Several runs beside each other: curves, tables and the differences of their configurations. */
export const compareRunsCommand: RpgCommand = {
  async run(context, argument, selection) {
    const given = values(argument).runs;
    const selected = Array.isArray(selection) ? selection.map(item => text(values(item).run)) : [];
    const runs = Array.isArray(given) ? given.map(text) : selected.length > 1 ? selected : await askRuns(context);
    const chosen = runs?.filter(run => run !== undefined);
    if (!chosen || chosen.length === 0) return undefined;
    await context.results.show(chosen, 'training');
    return chosen;
  },
};

/** *Errors* `one-run`. */
async function askRuns({ library }: CommandContext): Promise<string[] | undefined> {
  await library.refresh();
  const items = library.runs.map(run => ({
    label: run.id,
    iconPath: new vscode.ThemeIcon(runIcon(run)),
    description: `${run.status} · loss ${formatLoss(run.loss)}`,
    detail: run.dataset,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Compare Runs',
    placeHolder:
      items.length === 0 ? 'There are no runs in this workspace yet' : 'Two or more runs; the first is shown in full',
    canPickMany: true,
  });
  if (chosen?.length === 1)
    throw new SidecarError('one-run', 'user', 'a comparison takes two runs or more; choose another beside it');
  return chosen?.map(({ label }) => label);
}
