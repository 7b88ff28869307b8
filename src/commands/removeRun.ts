// RPG: Remove Run and Undo Remove Run — put a run's folder into .rpg/trash, and take it back, also long after the message is gone.
import * as vscode from 'vscode';
import { removedRuns, removeRun, restoreRun } from '../../protocol/runs';
import type { SidecarClient } from '../sidecarClient';
import { SidecarError } from '../sidecarError';
import { roughDuration } from '../../shared/words';
import { blockedActions } from '../state/viewState';
import { askRun, choose } from './ask';
import { text, values, type RpgCommand } from './command';
import { runCommand } from '../runCommand';

export const removeRunCommand: RpgCommand = {
  async run(context, argument) {
    const run = await askRun(
      context,
      'Remove',
      text(values(argument).run),
      summary => blockedActions(summary, null).delete ?? null,
    );
    if (!run) return undefined;
    const removed = await context.client.call(removeRun, { run: run.id });
    await context.library.refresh();
    void vscode.window
      .showInformationMessage(`${run.id} was removed; RPG: Undo Remove Run takes it back for seven days`, 'Undo')
      .then(chosen => {
        if (chosen === 'Undo') void runCommand('rpg.undoRemoveRun', removed);
      });
    return removed;
  },
};

export const undoRemoveRunCommand: RpgCommand = {
  async run({ client, library }, argument) {
    const trash = text(values(argument).trash) ?? (await askRemoved(client));
    if (trash === undefined) return undefined;
    const restored = await client.call(restoreRun, { trash });
    await library.refresh();
    return restored;
  },
};

/** *Errors* `nothing-to-undo`. */
async function askRemoved(client: SidecarClient): Promise<string | undefined> {
  const removed = await client.call(removedRuns, {});
  if (removed.length === 0)
    throw new SidecarError('nothing-to-undo', 'user', 'no run of this workspace was removed in the last seven days');
  const choices = removed.map(({ trash, run, removedAt }) => ({
    label: `$(history) ${run}`,
    description: `removed ${roughDuration(Date.now() - Date.parse(removedAt))} ago`,
    value: trash,
    reason: null,
  }));
  return choose('Undo Remove Run', 'Which run is taken back?', choices);
}
