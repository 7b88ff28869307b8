// How good the networks are: accuracy of the groups, every network, ensembles, and how the evaluation was made.
import type { EvaluationView, RunView } from '../../protocol/view';
import { exportBar, facts, note, table, tableDisclosure } from '../controls';
import { element, fill } from '../dom';
import { csvExport, jsonExport, xlsxExport } from '../export/exportFile';
import { dateTime, formatCount, formatElapsed } from '../../shared/words';
import { changeDetector, type Page, type PageActions, type Part } from '../page';
import { configRows, configTable } from '../configDiff';
import type { TableModel } from '../../shared/table';
import {
  accuracyTable,
  closestTable,
  diversityTable,
  healthTable,
  iouTable,
  midpointsTable,
  networksTable,
  similarityTable,
} from '../tables/evaluationTables';
import { evaluationKey, notEvaluated, shownEvaluation } from './evaluated';

export function createAccuracy(actions: PageActions): Part {
  const picker = element('select', {
    'aria-label': 'Evaluation shown',
    change: () => actions.post({ kind: 'selectEvaluation', run: picker.dataset.run!, id: picker.value }),
  });
  const body = element('div');
  const isNew = changeDetector();
  return {
    element: element('div', { class: 'section-body' }, picker, body),
    update: page => {
      const [view] = page.state.selected;
      const evaluation = shownEvaluation(page);
      showEvaluations(picker, view);
      if (!isNew(evaluationKey(page), view?.blocked.evaluate)) return;
      if (!view || !evaluation) {
        body.replaceChildren(notEvaluated(view, actions));
        return;
      }
      body.replaceChildren(...content(page, view, evaluation, actions));
    },
  };
}

function content(page: Page, view: RunView, evaluation: EvaluationView, actions: PageActions): HTMLElement[] {
  const { result } = evaluation;
  const { selected } = page.state;
  const name = `${view.summary.id}-evaluation-${evaluation.id}`;
  return [
    facts([
      [
        'Test',
        result.test.samples === null
          ? result.test.title
          : `${result.test.title}, ${formatCount(result.test.samples)} samples`,
      ],
      ['Evaluated', dateTime(evaluation.createdAt)],
      ['Took', formatElapsed(result.elapsedMs)],
      ['Seed', result.seed.toString()],
    ]),
    table(accuracyTable(selected), page, actions),
    ...(result.verdict ? [element('p', { class: 'verdict' }, result.verdict)] : []),
    ...result.notes.map(text => note(text)),
    exportBar(
      'the evaluation',
      {
        CSV: () => csvExport(name, accuracyTable(selected)),
        JSON: () =>
          jsonExport(name, { run: view.summary.id, config: view.config, dataset: view.dataset, evaluation: result }),
        XLSX: () => xlsxExport(name, workbook(selected, evaluation)),
      },
      actions,
    ),
    tableDisclosure(
      `Every network (${result.networks.length})`,
      () => networksTable(result),
      'networks',
      page,
      actions,
    ),
    tableDisclosure('Diversity and ensembles', () => diversityTable(result), 'diversity', page, actions),
    ...(result.midpoints.length > 0
      ? [tableDisclosure('Midpoints', () => midpointsTable(result), 'midpoints', page, actions)]
      : []),
  ];
}

/** The picker stays while what it picks is drawn again, and with it the focus. */
function showEvaluations(picker: HTMLSelectElement, view: RunView | undefined): void {
  const shown = view?.evaluation;
  const all = shown?.all ?? [];
  picker.hidden = all.length < 2;
  picker.dataset.run = view?.summary.id ?? '';
  fill(picker, JSON.stringify([all, shown?.id]), () =>
    all.map(({ id, createdAt }) =>
      element('option', { value: id, selected: id === shown?.id }, `${id} · ${dateTime(createdAt)}`),
    ),
  );
}

/** Every table of the evaluation, a sheet each. */
const workbook = (selected: readonly RunView[], { result }: EvaluationView): TableModel[] => [
  accuracyTable(selected),
  similarityTable(selected),
  networksTable(result),
  diversityTable(result),
  midpointsTable(result),
  ...(result.iou ? [iouTable(result.iou), closestTable(result.iou)] : []),
  healthTable(result),
  configTable(selected, configRows(selected)),
];
