// Ways to what lies on disk: the run's own files, and the networks generated from it.
import type { RunView, SampleSetView } from '../../protocol/view';
import { note } from '../controls';
import { element, fill } from '../dom';
import { formatBytes, formatCount, formatElapsed, percent, plural } from '../../shared/words';
import type { PageActions, Part } from '../page';

/** Networks of a set listed one by one; the folder has the rest. */
const mostNetworks = 50;

export function createFiles(actions: PageActions): Part {
  const body = element('div', { class: 'section-body' });
  return {
    element: body,
    update: page => {
      const [view] = page.state.selected;
      fill(body, JSON.stringify([view?.files, view?.samples]), () => (view ? content(view, actions) : []));
    },
  };
}

const content = (view: RunView, actions: PageActions): HTMLElement[] => [
  element(
    'ul',
    { class: 'links' },
    ...view.files.map(({ path, title, kind }) =>
      element('li', {}, link(kind === 'folder' ? `${title}/` : title, path, actions)),
    ),
  ),
  element('h3', {}, 'Generated networks'),
  ...(view.samples.length === 0
    ? [note('None yet.')]
    : view.samples.map((set, index) => sampleSet(set, index === 0, actions))),
];

function sampleSet(set: SampleSetView, isOpen: boolean, actions: PageActions): HTMLElement {
  const facts = [
    plural(set.networks.length, 'network'),
    `step ${formatCount(set.step)}`,
    set.msPerNetwork === null ? '' : `${formatElapsed(set.msPerNetwork)} each`,
    set.peakMemoryBytes === null ? '' : `at most ${formatBytes(set.peakMemoryBytes)}`,
  ].filter(text => text !== '');
  return element(
    'details',
    { class: 'disclosure', open: isOpen },
    element('summary', {}, `${set.title} — ${facts.join(', ')}`),
    element(
      'ul',
      { class: 'links' },
      element('li', {}, link('Folder', set.folder, actions)),
      ...set.networks
        .slice(0, mostNetworks)
        .map(network =>
          element(
            'li',
            {},
            link(baseName(network.file), network.file, actions),
            network.accuracy === null ? null : ` ${percent(network.accuracy)}`,
            network.nNotFinite === 0 ? null : ` ⚠ ${formatCount(network.nNotFinite)} weights are not finite`,
          ),
        ),
      set.networks.length > mostNetworks
        ? element('li', {}, `… and ${(set.networks.length - mostNetworks).toString()} more in the folder`)
        : null,
    ),
  );
}

const link = (label: string, path: string, { post }: PageActions): HTMLElement =>
  element('button', { type: 'button', class: 'link', title: path, click: () => post({ kind: 'open', path }) }, label);

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
