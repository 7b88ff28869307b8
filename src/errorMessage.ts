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
  switch (code) {
    case 'dataset-missing':
      return [command('Locate…', 'rpg.locateDataset', { dataset: details.name })];
    case 'dataset-changed':
      return typeof details.name === 'string'
        ? [
            command('Register Again', 'rpg.registerFolder', {
              folder: details.folder,
              name: details.name,
              replace: true,
            }),
          ]
        : [];
    case 'device-unavailable':
    case 'unknown-device':
    case 'device-unsuitable':
      return [command('Choose Device', 'rpg.chooseDevice')];
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
