// RPG: Remove Run — puts its folder into .rpg/trash, and takes it back when asked to.
import * as vscode from 'vscode';
import { removeRun, restoreRun } from '../../protocol/editor';
import { SidecarError } from '../sidecarError';
import { blockedActions } from '../state/viewState';
import { askRun } from './ask';
import { text, values, type RpgCommand } from './command';

export const removeRunCommand: RpgCommand = {
  id: 'rpg.removeRun',
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
      .showInformationMessage(`${run.id} was removed; it can be taken back for seven days`, 'Undo')
      .then(chosen => {
        if (chosen === 'Undo') void vscode.commands.executeCommand('rpg.undoRemoveRun', removed);
      });
    return removed;
  },
};

/** Not in the palette: what Undo runs. */
export const undoRemoveRunCommand: RpgCommand = {
  id: 'rpg.undoRemoveRun',
  async run({ client, library }, argument) {
    const trash = text((argument as { trash?: unknown } | undefined)?.trash);
    if (trash === undefined) throw new SidecarError('nothing-to-undo', 'user', 'there is nothing to take back');
    const restored = await client.call(restoreRun, { trash });
    await library.refresh();
    return restored;
  },
};
