// Shows an error as errorMessage.ts decides. The log is always told.
import * as vscode from 'vscode';
import { errorMessage, type ErrorAction } from './errorMessage';
import { toSidecarError } from './sidecarError';
import { runCommand } from './runCommand';

/** Resolves at once: nobody waits for a message to be read. */
export function showError(error: unknown, log: vscode.LogOutputChannel): void {
  const known = toSidecarError(error);
  const shown = errorMessage(known);
  if (shown.kind === 'silent') {
    log.info(known.message);
    return;
  }
  log.error(
    `${known.code}: ${known.message}${typeof known.details.stack === 'string' ? `\n${known.details.stack}` : ''}`,
  );
  const show = shown.severity === 'error' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const titles = new Map(shown.actions.map(action => [titleOf(action), action]));
  void show(shown.text, ...titles.keys()).then(chosen => {
    const action = chosen === undefined ? undefined : titles.get(chosen);
    if (action) perform(action, log);
  });
}

function titleOf(action: ErrorAction): string {
  switch (action.kind) {
    case 'showLog':
      return 'Show Log';
    case 'openSetting':
      return 'Open Settings';
    case 'command':
      return action.title;
    default:
      return action satisfies never;
  }
}

function perform(action: ErrorAction, log: vscode.LogOutputChannel): void {
  switch (action.kind) {
    case 'showLog': {
      log.show(true);
      return;
    }
    case 'openSetting':
      return void runCommand('workbench.action.openSettings', action.setting);
    case 'command':
      return void runCommand(action.command, ...(action.args ?? []));
    default:
      return action satisfies never;
  }
}
