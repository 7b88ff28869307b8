// The top of the checkpoint page: the file, its dictionaries, what is wrong with it, and what can be done.
import type { CheckpointState } from '../../protocol/checkpointView';
import type { CheckpointReport } from '../../protocol/checkpoints';
import { button, facts, note } from '../controls';
import { element, fill, setText } from '../dom';
import { csvExport, jsonExport } from '../export/exportFile';
import { formatBytes, formatCount, plural } from '../../shared/words';
import type { CheckpointPage } from './page';
import { tensorColumns, tensorRow } from './tensorTable';

export function createCheckpointHeader(actions: CheckpointPage): {
  readonly element: HTMLElement;
  update(state: CheckpointState): void;
} {
  const title = element('h1', { class: 'file-name' });
  const body = element('div');
  return {
    element: element('div', { class: 'header' }, title, body),
    update: state => {
      const path = state.kind === 'ready' ? state.report.path : state.path;
      setText(title, path.split(/[\\/]/).at(-1) ?? path);
      title.title = path;
      if (state.kind !== 'ready') {
        fill(body, state.kind, () => []);
        return;
      }
      const { report, statistics } = state;
      const { tensors, ...rest } = report;
      fill(body, JSON.stringify([rest, tensors.length, statistics]), () => [
        facts([
          ['Format', report.format],
          ['Size', formatBytes(report.sizeBytes)],
          ['Tensors', formatCount(tensors.length)],
          ['Values', formatCount(report.dictionaries.find(each => each.key === report.key)?.nElements ?? null)],
        ]),
        ...(report.dictionaries.length > 1 ? [dictionaryPicker(report, actions)] : []),
        messages('Problems', report.problems, 'problem'),
        messages('Notes', report.notes, 'note'),
        attributes(report.attributes),
        tools(report, statistics, actions),
      ]);
    },
  };
}

function dictionaryPicker({ dictionaries, key }: CheckpointReport, { post }: CheckpointPage): HTMLElement {
  const picker = element(
    'select',
    { 'aria-label': 'Tensor dictionary shown', change: () => post({ kind: 'selectDictionary', key: picker.value }) },
    ...dictionaries.map(each =>
      element(
        'option',
        { value: each.key, selected: each.key === key },
        `${each.key === '' ? '(formatCount file)' : each.key} — ${plural(each.nTensors, 'tensor')}, ${formatBytes(each.sizeBytes)}`,
      ),
    ),
  );
  return picker;
}

const messages = (label: string, texts: readonly string[], kind: 'problem' | 'note'): HTMLElement | null =>
  texts.length === 0
    ? null
    : element('ul', { class: `messages ${kind}`, 'aria-label': label }, ...texts.map(text => element('li', {}, text)));

function attributes(values: Readonly<Record<string, string>>): HTMLElement | null {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return element(
    'details',
    { class: 'disclosure' },
    element('summary', {}, `Attributes (${formatCount(entries.length)})`),
    facts(entries),
  );
}

function tools(report: CheckpointReport, statistics: 'no' | 'reading' | 'yes', { post }: CheckpointPage): HTMLElement {
  const name = report.path.split(/[\\/]/).at(-1) ?? 'checkpoint';
  const table = { id: 'tensors', title: 'Tensors', columns: tensorColumns, rows: report.tensors.map(tensorRow) };
  return element(
    'div',
    { class: 'bar' },
    statistics === 'no' ? button('Read Statistics', () => post({ kind: 'readStatistics' }), { isPrimary: true }) : null,
    button('Compare With…', () => post({ kind: 'compare' })),
    button('Copy Path', () => post({ kind: 'copy', text: report.path })),
    button('CSV', () => post({ kind: 'export', ...csvExport(name, table) }), {
      description: 'Export the tensors as CSV',
    }),
    button('JSON', () => post({ kind: 'export', ...jsonExport(name, report) }), {
      description: 'Export the report as JSON',
    }),
    statistics === 'no' ? note('The file is large: statistics are read when you ask for them.') : null,
  );
}
