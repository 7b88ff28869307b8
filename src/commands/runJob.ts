// A long operation as a job of the window: shown in the status bar and the results, and, for what one waits for, in a
// notification that can cancel it.
import * as vscode from 'vscode';
import type { Operation, Progress } from '../../protocol/operation';
import type { TrainProgress } from '../../protocol/training';
import { isCancelled } from '../sidecarError';
import type { CommandContext } from './command';

/** Runs one operation with its progress in a notification. *Errors* those of the operation. */
export async function callWithNotification<Params, Result>(
  { client, jobs }: CommandContext,
  title: string,
  operation: Operation<Params, Result, Progress>,
  params: Params,
  run?: string,
): Promise<Result> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, token) =>
    jobs.start({ title, run }, job => {
      const cancellation = new AbortController();
      token.onCancellationRequested(() => cancellation.abort());
      let shown = 0;
      return client.call(operation, params, {
        signal: AbortSignal.any([job.signal, cancellation.signal]),
        onProgress: ({ fraction, message }) => {
          job.report({ fraction, message });
          const percent = 100 * (fraction ?? 0);
          progress.report({ message, increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
      });
    }),
  );
}

/** A training: minutes to days, so it is shown in the trees and the status bar only. Undefined: it was stopped. */
export async function callTraining<Params, Result>(
  { client, jobs, library }: CommandContext,
  title: string,
  operation: Operation<Params, Result, TrainProgress>,
  params: Params,
  onRun: (run: string) => void,
): Promise<Result | undefined> {
  let known = '';
  try {
    return await jobs.start({ title }, job =>
      client.call(operation, params, {
        signal: job.signal,
        onProgress: progress => {
          job.reportTraining(progress);
          if (progress.run !== '' && progress.run !== known) {
            known = progress.run;
            void library.refresh().then(() => onRun(known));
          }
        },
      }),
    );
  } catch (error) {
    if (isCancelled(error)) return undefined;
    throw error;
  } finally {
    await library.refresh();
  }
}
