// RPG: Stop — asks the trainer of a run, in this window or anywhere else, to save what it has and end.
import * as vscode from 'vscode';
import type { RunSummary } from '../../protocol/runRecords';
import { stopRun } from '../../protocol/runs';
import { isPreparing } from '../state/jobs';
import { blockedActions } from '../state/viewState';
import { askRun, choose, type Choice } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';

export const stopCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    // A training without a folder cannot be asked there; this window started it and cancels it.
    const job = text(given.job) ?? (given.run === undefined ? await askPreparing(context) : null);
    if (job === undefined) return undefined;
    if (job !== null) {
      context.jobs.find(job)?.cancel();
      return undefined;
    }
    const blocked = (summary: RunSummary): string | null => blockedActions(summary, null).stop ?? null;
    const run = await askRun(context, 'Stop', text(given.run), blocked);
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

/** The training to cancel, by its job; null where a run is to be stopped instead. Asked where there are several things to stop. */
async function askPreparing({ jobs, library }: CommandContext): Promise<string | null | undefined> {
  const preparing = jobs.all.filter(isPreparing);
  const isRunning = library.runs.some(({ status }) => status === 'running');
  if (preparing.length === 0) return null;
  if (preparing.length === 1 && !isRunning) return preparing[0]!.view.id;
  const choices: Choice<string | null>[] = preparing.map(({ view: { id, title, message } }) => ({
    label: `$(loading) ${title}`,
    description: message,
    value: id,
    reason: null,
  }));
  const running: Choice<null> = { label: '$(sync) A run that is being trained…', value: null, reason: null };
  return choose('Stop', 'Which training?', isRunning ? [running, ...choices] : choices);
}
