// What a person is told of an error, and what they are offered to do. The message is the sidecar's own; only the offer is
// decided here, by code and blame. No VS Code, so that every decision has a test.
import type { SidecarError } from './sidecarError';

/** A button under the message. */
export type ErrorAction =
  | { readonly kind: 'showLog' }
  | { readonly kind: 'openSetting'; readonly setting: string }
  | { readonly kind: 'command'; readonly title: string; readonly command: string; readonly args?: readonly unknown[] };

export type ErrorMessage =
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'message';
      readonly severity: 'error' | 'warning';
      readonly text: string;
      readonly actions: readonly ErrorAction[];
    };

/** The training that ended in an error, in `details.attempt`: what a remedy tries once more. */
export interface Attempt {
  readonly verb: 'Train' | 'Resume';
  readonly command: 'rpg.train' | 'rpg.resume';
  /** What the command is to be given to try the same. */
  readonly given: object;
}

/** `cancelled`: nothing, for the person asked for it. `user`: the message and its remedy. `internal`: also the log. */
export function errorMessage(error: SidecarError): ErrorMessage {
  switch (error.blame) {
    case 'cancelled':
      return { kind: 'silent' };
    case 'user':
      return { kind: 'message', severity: 'warning', text: sentence(error.message), actions: remedies(error) };
    case 'internal':
      return {
        kind: 'message',
        severity: 'error',
        text: sentence(error.message),
        actions: [{ kind: 'showLog' }, ...remedies(error)],
      };
    default:
      return error.blame satisfies never;
  }
}

const command = (title: string, id: string, ...args: unknown[]): ErrorAction => ({
  kind: 'command',
  title,
  command: id,
  args,
});

function remedies({ code, details }: SidecarError): ErrorAction[] {
  const { attempt } = details as { attempt?: Attempt }; // set by this extension alone
  const anyway = (change: object): ErrorAction[] =>
    attempt ? [command(`${attempt.verb} Anyway`, attempt.command, { ...attempt.given, ...change })] : [];
  switch (code) {
    case 'no-workspace':
      return [command('Open Folder', 'vscode.openFolder')];
    case 'no-datasets':
      return [command('Register Folder', 'rpg.registerFolder'), command('Try the Demo', 'rpg.tryDemo')];
    case 'no-runs':
      return [command('Train', 'rpg.train')];
    case 'memory-too-small':
      return anyway({ force: true });
    case 'dataset-missing':
      return [command('Locate…', 'rpg.locateDataset', { dataset: details.name })];
    case 'dataset-changed': {
      const { folder, name, canBeAccepted } = details;
      const again = command('Register Again', 'rpg.registerFolder', { folder, name, replace: true });
      return [
        ...(typeof name === 'string' ? [again] : []),
        ...(canBeAccepted === true ? anyway({ acceptChanged: true }) : []),
      ];
    }
    case 'device-unavailable':
    case 'unknown-device':
    case 'device-unsuitable':
      // A run goes on where it was, whatever the setting says.
      return attempt?.command === 'rpg.resume'
        ? [command('Resume on Another Device…', 'rpg.resume', { ...attempt.given, chooseDevice: true })]
        : [command('Choose Device', 'rpg.chooseDevice')];
    case 'no-test':
      return [command('Check Set-up', 'rpg.checkSetUp')];
    case 'nothing-generated':
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
