// What a person is told of an error, and what they are offered to do. The message is the sidecar's own, with its remedies in
// the editor's words; the buttons are decided here, by remedies, code and blame. No VS Code, so that every decision has a test.
import { withRemedies, type Remedy } from '../protocol/errors';
import type { BuiltInCommandId, CommandId } from './commandIds';
import { SidecarError, toSidecarError } from './sidecarError';
import { remedyText } from './text/remedyText';

/** A button under the message. */
export type ErrorAction =
  | { readonly kind: 'showLog' }
  | { readonly kind: 'openSetting'; readonly setting: string }
  | {
      readonly kind: 'command';
      readonly title: string;
      readonly command: CommandId | BuiltInCommandId;
      readonly args?: readonly unknown[];
    };

export type ErrorMessage =
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'message';
      readonly severity: 'error' | 'warning';
      readonly text: string;
      readonly actions: readonly ErrorAction[];
    };

/** The work that ended in an error, in `details.attempt`: what a remedy tries once more. */
export interface Attempt {
  readonly verb: 'Train' | 'Resume' | 'Evaluate';
  readonly command: 'rpg.train' | 'rpg.resume' | 'rpg.evaluate';
  /** What the command is to be given to try the same. */
  readonly given: object;
}

/** What went wrong, with what is to be tried once more. */
export function withAttempt(error: unknown, attempt: Attempt): SidecarError {
  const { code, blame, message, details, remedies } = toSidecarError(error);
  return new SidecarError(code, blame, message, { ...details, attempt }, remedies);
}

/** `cancelled`: nothing, for the person asked for it. `user`: the message and its remedy. `internal`: also the log. */
export function errorMessage(error: SidecarError): ErrorMessage {
  switch (error.blame) {
    case 'cancelled':
      return { kind: 'silent' };
    case 'user':
      return { kind: 'message', severity: 'warning', text: textOf(error), actions: actionsOf(error) };
    case 'internal':
      return {
        kind: 'message',
        severity: 'error',
        text: textOf(error),
        actions: [{ kind: 'showLog' }, ...actionsOf(error)],
      };
    default:
      return error.blame satisfies never;
  }
}

const command = (title: string, id: CommandId | BuiltInCommandId, ...args: unknown[]): ErrorAction => ({
  kind: 'command',
  title,
  command: id,
  args,
});

/** The message with its ways out, as it is shown where there is room for no button. */
export const textOf = ({ message, remedies }: SidecarError): string =>
  sentence(withRemedies(message, remedies, remedyText));

/** Those of the remedies, then those of the code. */
function actionsOf(error: SidecarError): ErrorAction[] {
  const { attempt } = error.details as { attempt?: Attempt }; // set by this extension alone
  return [...error.remedies.flatMap(remedy => actionsOfRemedy(remedy, attempt)), ...actionsOfCode(error, attempt)];
}

function actionsOfRemedy(remedy: Remedy, attempt: Attempt | undefined): ErrorAction[] {
  if (typeof remedy === 'string') return [];
  const again = (title: string, change: object): ErrorAction[] =>
    attempt ? [command(title, attempt.command, { ...attempt.given, ...change })] : [];
  switch (remedy.does) {
    case 'goOn':
      return again(`${attempt?.verb} Anyway`, remedy.despite === 'memory' ? { force: true } : { acceptChanged: true });
    case 'register': {
      const { folder, name } = remedy;
      if (folder === null) return []; // the code offers to locate it
      return [command('Register Again', 'rpg.registerFolder', { folder, name, replace: true })];
    }
    case 'train':
      return [command('Train', 'rpg.train')];
    case 'stop':
      return [command('Stop', 'rpg.stop', { run: remedy.run })];
    case 'resume':
      return [command('Resume', 'rpg.resume', { run: remedy.run })];
    case 'generate':
      return remedy.isForTask
        ? [command('Generate for a Task…', 'rpg.generateForTask', { run: remedy.run })]
        : [command('Generate', 'rpg.generate', { run: remedy.run })];
    case 'evaluate':
      return [command('Evaluate', 'rpg.evaluate', { run: remedy.run })];
    case 'setTest':
      return [command('Change Test Command', 'rpg.editTestCommand')];
    case 'compareWeightsOnly':
      return again('Compare Weights Only', { weightsOnly: true });
    case 'replace':
    case 'resumeOn':
    case 'beginFrom':
      return [];
    default:
      return remedy satisfies never;
  }
}

function actionsOfCode({ code, details, remedies }: SidecarError, attempt: Attempt | undefined): ErrorAction[] {
  switch (code) {
    case 'no-workspace':
      return [command('Open Folder', 'vscode.openFolder')];
    case 'no-datasets':
      return [command('Register Folder', 'rpg.registerFolder'), command('Try the Demo', 'rpg.tryDemo')];
    case 'no-runs':
      return [command('Train', 'rpg.train')];
    case 'dataset-missing':
      return [command('Locate…', 'rpg.locateDataset', { dataset: details.name })];
    case 'device-unavailable':
    case 'unknown-device':
    case 'device-unsuitable':
      // A run goes on where it was, whatever the setting says.
      return attempt?.command === 'rpg.resume'
        ? [command('Resume on Another Device…', 'rpg.resume', { ...attempt.given, chooseDevice: true })]
        : [command('Choose Device', 'rpg.chooseDevice')];
    case 'nothing-generated':
      if (remedies.length > 0) return []; // they say how
      return [command('Generate', 'rpg.generate', { run: details.run })];
    case 'untrusted':
      return [command('Manage Trust', 'workbench.trust.manage')];
    case 'snapshot-not-found':
      return [command('Resume', 'rpg.resume', { run: details.run })];
    case 'sidecar-cannot-start':
      return [{ kind: 'openSetting', setting: 'rpg.nodePath' }, { kind: 'showLog' }];
    case 'protocol-mismatch':
      return [command('Reload Window', 'workbench.action.reloadWindow')];
    case 'sidecar-crashes':
      return [command('Start Again', 'rpg.restartSidecar')];
    default:
      return [];
  }
}

/** Messages are written to follow a file name or the word "error:"; alone they begin with a capital. */
function sentence(text: string): string {
  const startsWithWord = /^[a-z]+ /.test(text);
  return startsWithWord ? `${text[0]!.toUpperCase()}${text.slice(1)}` : text;
}
