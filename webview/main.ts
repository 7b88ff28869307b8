// The results page. It draws what the host last posted and posts what the person asks for; what it keeps of its own is how things
// are shown. Messages only mark the page as changed; it is drawn at most once a frame.
import type { ViewIntent, ViewMessage, ViewState } from '../protocol/view';
import { Series } from './charts/series';
import { onThemeChange, readPalette } from './charts/theme';
import { element } from './dom';
import './elements';
import { openHost } from './host';
import type { PageActions } from './page';
import { parsePreferences } from './preferences';
import { createAccuracy } from './sections/accuracy';
import { createConfiguration } from './sections/configuration';
import { createFiles } from './sections/files';
import { createPlaceholder } from './sections/placeholder';
import { createRunHeader } from './sections/runHeader';
import { createSection } from './sections/section';
import { createSimilarity } from './sections/similarity';
import { createTraining } from './sections/training';
import { createWeights } from './sections/weights';

const host = openHost<ViewIntent, ViewMessage>();
let preferences = parsePreferences(host.saved);
let state: ViewState | null = null;
const series = new Map<string, Series>();
/** Runs whose points were asked for again; one request is enough until they come. */
const awaited = new Set<string>();
let palette = readPalette();
/** What the next frame has to draw: points come often and concern one section. */
let stale: 'nothing' | 'points' | 'everything' = 'nothing';

const actions: PageActions = {
  post: intent => host.post(intent),
  prefer: change => {
    preferences = { ...preferences, ...change(preferences) };
    host.save(preferences);
    stale = 'everything';
    draw();
  },
};

const placeholder = createPlaceholder(actions);
const header = createRunHeader(actions);
const training = createSection('training', 'Training', createTraining(actions), actions);
const sections = [
  training,
  createSection('accuracy', 'Accuracy', createAccuracy(actions), actions),
  createSection('similarity', 'Similarity', createSimilarity(actions), actions),
  createSection('weights', 'Weights', createWeights(actions), actions),
  createSection('configuration', 'Configuration', createConfiguration(actions), actions),
  createSection('files', 'Files', createFiles(actions), actions),
];
const results = element('div', { class: 'results' }, header.element, ...sections.map(section => section.element));
document
  .getElementById('app')!
  .replaceChildren(
    element('main', {}, element('h1', { class: 'hidden' }, 'RPG results'), placeholder.element, results),
  );

function draw(): void {
  const isOnlyPoints = stale === 'points';
  stale = 'nothing';
  if (isOnlyPoints && state && state.selected.length > 0) {
    training.update({ state, series, preferences, palette });
    return;
  }
  placeholder.update(state);
  results.hidden = state === null || state.runs.length === 0;
  if (!state) return;
  const page = { state, series, preferences, palette };
  header.update(page);
  const hasRun = state.selected.length > 0;
  for (const section of sections) {
    section.element.hidden = !hasRun;
    if (hasRun) section.update(page);
  }
}

/** Several messages in a frame are drawn once. */
function drawSoon(what: 'points' | 'everything' = 'everything'): void {
  if (stale === 'nothing') requestAnimationFrame(draw);
  if (stale !== 'everything') stale = what;
}

function takeState(next: ViewState): void {
  state = next;
  const selected = next.selected.map(view => view.summary.id);
  for (const run of series.keys()) if (!selected.includes(run)) series.delete(run);
  if (selected.join('|') !== preferences.selected.join('|')) {
    preferences = { ...preferences, selected };
    host.save(preferences);
  }
  drawSoon();
}

function receive(message: ViewMessage): void {
  switch (message.kind) {
    case 'state':
      takeState(message.state);
      return;
    case 'changed':
      if (state) takeState({ ...state, ...message.parts });
      return;
    case 'metrics': {
      const points = series.get(message.run) ?? new Series();
      series.set(message.run, points);
      if (points.add(message)) {
        awaited.delete(message.run);
        drawSoon('points');
      } else if (!awaited.has(message.run)) {
        awaited.add(message.run);
        host.post({ kind: 'resendMetrics', run: message.run });
      }
      return;
    }
    case 'show':
      stale = 'everything';
      draw(); // what was posted just before belongs to what is revealed
      sections.find(section => section.name === message.section)?.reveal();
      return;
    default:
      message satisfies never;
  }
}

host.listen(['state', 'changed', 'metrics', 'show'], receive);
onThemeChange(() => {
  palette = readPalette();
  drawSoon();
});
draw();
host.post({ kind: 'ready', selected: preferences.selected });
