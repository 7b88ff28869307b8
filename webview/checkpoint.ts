// The read-only page of one checkpoint file: its dictionaries, tensors with their statistics, and the distribution of the chosen
// one. Shows what the host read; nothing of the file itself ever comes here.
import type { CheckpointIntent, CheckpointMessage, CheckpointState } from '../protocol/checkpointView';
import { onThemeChange, readPalette } from './charts/theme';
import { createCheckpointHeader } from './checkpoint/header';
import { createTensorDetails } from './checkpoint/tensorDetails';
import { createTensorList } from './checkpoint/tensorList';
import { parseCheckpointPreferences, type CheckpointPage } from './checkpoint/page';
import { button } from './controls';
import { element, fill, setText } from './dom';
import './elements';
import { openHost } from './host';

const host = openHost<CheckpointIntent, CheckpointMessage>();
let state: CheckpointState | null = null;
let preferences = parseCheckpointPreferences(host.saved);
let palette = readPalette();

const actions: CheckpointPage = {
  post: intent => host.post(intent),
  prefer: choice => {
    preferences = { ...preferences, ...choice };
    host.save(preferences);
    draw();
  },
};

const header = createCheckpointHeader(actions);
const list = createTensorList(actions);
const details = createTensorDetails(actions);
const progressText = element('p', { 'aria-live': 'polite' }, 'Opening…');
const progress = element('vscode-progress-bar', { indeterminate: true, 'aria-label': 'Reading the checkpoint' });
const waiting = element(
  'div',
  { class: 'placeholder' },
  progressText,
  progress,
  button('Cancel', () => host.post({ kind: 'cancel' })),
);
const failure = element('div', { class: 'placeholder', role: 'alert' });
const content = element('div', { class: 'checkpoint-content' }, list.element, details.element);
document.getElementById('app')!.replaceChildren(element('main', {}, header.element, waiting, failure, content));

function draw(): void {
  waiting.hidden =
    state !== null && state.kind !== 'loading' && !(state.kind === 'ready' && state.statistics === 'reading');
  failure.hidden = state?.kind !== 'failed';
  content.hidden = state?.kind !== 'ready';
  header.element.hidden = state === null;
  if (!state) return;
  header.update(state);
  switch (state.kind) {
    case 'loading':
      return;
    case 'failed': {
      const { problem } = state;
      fill(failure, JSON.stringify(problem), () => [
        element('p', { class: 'problem' }, problem.message),
        element(
          'div',
          { class: 'bar' },
          ...problem.actions.flatMap(command =>
            command === 'retry' || command === 'showLog'
              ? [button(command === 'retry' ? 'Try Again' : 'Show Log', () => host.post({ kind: 'command', command }))]
              : [],
          ),
        ),
      ]);
      return;
    }
    case 'ready':
      list.update(state.report, preferences);
      details.update(state.report, preferences.tensor, palette);
      return;
    default:
      state satisfies never;
  }
}

host.listen(['state', 'progress'], message => {
  switch (message.kind) {
    case 'state':
      state = message.state;
      draw();
      return;
    case 'progress':
      setText(progressText, message.message);
      progress.indeterminate = message.fraction === null;
      progress.value = message.fraction ?? 0;
      progress.max = 1;
      return;
    default:
      message satisfies never;
  }
});
onThemeChange(() => {
  palette = readPalette();
  draw();
});
draw();
host.post({ kind: 'ready' });
