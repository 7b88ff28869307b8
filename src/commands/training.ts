// What Train, Resume and the demo share: the run is shown as soon as it exists, and its end is said with what comes next.
import * as vscode from 'vscode';
import type { Operation } from '../../protocol/operation';
import { resume, type TrainProgress, type TrainResult } from '../../protocol/training';
import { withAttempt } from '../errorMessage';
import { readSettings } from '../settings';
import { formatLoss, roughDuration } from '../../shared/words';
import type { CommandContext } from './command';
import { callTraining } from './runJob';
import { runCommand } from '../runCommand';

/** Resolves when the training ended. *Errors* those of the operation; a stop is none. */
export async function trainAndTell<Params extends object>(
  context: CommandContext,
  title: string,
  operation: Operation<Params, TrainResult, TrainProgress>,
  params: Params,
): Promise<TrainResult | undefined> {
  let shown = '';
  const onRun = (run: string): void => {
    if (shown !== run) void context.results.show([run]);
    shown = run;
  };
  const result = await callTraining(context, title, operation, params, onRun).catch((error: unknown) => {
    const isResume = operation.method === resume.method;
    const again = isResume
      ? ({ verb: 'Resume', command: 'rpg.resume' } as const)
      : ({ verb: 'Train', command: 'rpg.train' } as const);
    throw withAttempt(error, { ...again, given: params });
  });
  if (result?.status === 'finished') tellFinished(context, result);
  else if (shown !== '') tellStopped(result?.run ?? shown);
  return result;
}

function tellFinished({ log }: CommandContext, { run, loss, elapsedMs, notes }: TrainResult): void {
  const message = [`${run} is trained: loss ${formatLoss(loss)}, ${roughDuration(elapsedMs)}`, ...notes].join('. ');
  log.info(message);
  if (!readSettings().notifyWhenDone) return;
  void vscode.window.showInformationMessage(message, 'Generate Networks', 'Show Results').then(chosen => {
    if (chosen === 'Generate Networks') void runCommand('rpg.generate', { run });
    if (chosen === 'Show Results') void runCommand('rpg.openResults', { run });
  });
}

function tellStopped(run: string): void {
  void vscode.window.showInformationMessage(`${run} was stopped; its last step is saved`, 'Resume').then(chosen => {
    if (chosen === 'Resume') void runCommand('rpg.resume', { run });
  });
}
