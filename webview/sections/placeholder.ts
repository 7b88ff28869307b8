// What the page shows when there is nothing to show: it is loading, nothing was made yet, or something went wrong.
import type { ViewCommand, ViewState } from '../../protocol/view';
import { button, note } from '../controls';
import { element, fill } from '../dom';
import type { PageActions } from '../page';

const commandTitles: Readonly<Record<ViewCommand, string>> = {
  tryDemo: 'Try the Demo',
  registerFolder: 'Register a Checkpoint Folder…',
  train: 'Train…',
  checkSetUp: 'Check Set-up',
  showLog: 'Show Log',
  retry: 'Try Again',
  openInEditor: 'Open in an Editor Tab',
};

/** `null`: the host has not answered yet. */
export function createPlaceholder({ post }: Pick<PageActions, 'post'>): {
  readonly element: HTMLElement;
  update(state: ViewState | null): void;
} {
  const body = element('div', { class: 'placeholder', 'aria-live': 'polite' });
  const commands = (names: readonly ViewCommand[]): HTMLElement =>
    element(
      'div',
      { class: 'bar' },
      ...names.map((command, index) =>
        button(commandTitles[command], () => post({ kind: 'command', command }), { isPrimary: index === 0 }),
      ),
    );
  const loading = (): HTMLElement[] => [
    element('p', {}, 'Loading…'),
    element('vscode-progress-bar', { indeterminate: true, 'aria-label': 'Loading' }),
  ];
  const failed = (state: ViewState & { status: { kind: 'failed' } }): HTMLElement[] => [
    element('p', { class: 'problem' }, state.status.problem.message),
    commands(state.status.problem.actions),
  ];
  return {
    element: body,
    update: state => {
      const status = state?.status.kind ?? 'loading';
      const isEmpty = state?.runs.length === 0;
      body.hidden = status === 'ready' && !isEmpty;
      fill(body, JSON.stringify([state?.status, isEmpty, state?.nDatasets === 0]), () => {
        if (!state || (status === 'loading' && isEmpty)) return loading();
        if (isFailed(state)) return failed(state);
        if (!isEmpty) return [];
        return state.nDatasets === 0
          ? [
              note('RPG learns from a folder of trained checkpoints and generates new networks like them.'),
              commands(['tryDemo', 'registerFolder', 'checkSetUp']),
            ]
          : [
              note('No runs yet. Train one on a registered dataset; its curves appear here while it learns.'),
              commands(['train']),
            ];
      });
    },
  };
}

const isFailed = (state: ViewState): state is ViewState & { status: { kind: 'failed' } } =>
  state.status.kind === 'failed';
