// RPG: Stop — asks the trainer of a run, in this window or anywhere else, to save what it has and end.
import * as vscode from 'vscode';
import { stopRun } from '../../protocol/sidecar';
import { blockedActions } from '../state/viewState';
import { askRun } from './ask';
import { text, values, type RpgCommand } from './command';

export const stopCommand: RpgCommand = {
  id: 'rpg.stop',
  async run(context, argument) {
    const given = text(values(argument).run);
    const preparing = context.jobs.all.find(job => job.training !== null && job.view.run === null);
    if (given === undefined && preparing) {
      preparing.cancel(); // it has no folder yet in which it could be asked
      return undefined;
    }
    const run = await askRun(context, 'Stop', given, summary => blockedActions(summary, null).stop ?? null);
    if (!run) return undefined;
    const isOurs = context.jobs.trainingOf(run.id) !== undefined;
    const result = await context.client.call(stopRun, { run: run.id });
    void context.library.refresh();
    // Our own training says itself that it was stopped.
    if (!isOurs || !result.isStopped)
      void vscode.window.showInformationMessage(
        result.isStopped
          ? `${run.id} was stopped; its last step is saved`
          : `Process ${result.pid} was asked to stop ${run.id}; it ends after the step it is in`,
      );
    return result;
  },
};
