// How new the networks are: the similarity table, and of every selected run the scatter of IoU against accuracy and the heat map
// of all pairs. Scatters of compared runs have the same axes.
import type { EvaluationResult } from '../../protocol/evaluation';
import type { EvaluationView, RunView } from '../../protocol/view';
import { createHeatMap, heatMapSvg } from '../charts/heatMap';
import { drawScatter } from '../charts/scatter';
import { createSvgChart } from '../charts/svgChart';
import { exportBar, note, table, tableDisclosure } from '../controls';
import { element } from '../dom';
import { csvExport, svgExport } from '../export/exportFile';
import { changeDetector, type Page, type PageActions, type Part } from '../page';
import { closestTable, iouTable, networksTable, similarityTable } from '../tables/evaluationTables';
import { evaluationKey, notEvaluated, shownEvaluation } from './evaluated';

const exportedWidthPx = 720;

export function createSimilarity(actions: PageActions): Part {
  const body = element('div', { class: 'section-body' });
  const isNew = changeDetector();
  /** By run: charts keep the mark that is read while others are drawn again. */
  const plots = new Map<string, RunPlots>();
  return {
    element: body,
    update: page => {
      const { selected } = page.state;
      const [view] = selected;
      if (!isNew(evaluationKey(page), page.palette, view?.blocked.evaluate)) return;
      const ids = selected.map(({ summary }) => summary.id);
      for (const id of plots.keys()) if (!ids.includes(id)) plots.delete(id);
      if (!view || !shownEvaluation(page)) {
        body.replaceChildren(notEvaluated(view, actions));
        return;
      }
      const evaluated = selected.flatMap(run => (run.evaluation ? [{ run, evaluation: run.evaluation }] : []));
      const results = evaluated.map(({ evaluation }) => evaluation.result);
      const shown = evaluated.map(({ run, evaluation }) => {
        const own = plots.get(run.summary.id) ?? createRunPlots(actions);
        plots.set(run.summary.id, own);
        return { own, run, evaluation };
      });
      body.replaceChildren(
        table(similarityTable(selected), page, actions),
        ...shown.map(({ own }) => own.element),
        ...(evaluated.length < selected.length
          ? [note('Runs that were not evaluated have no scatter and no heat map.')]
          : []),
      );
      for (const { own, run, evaluation } of shown) own.show(page, run, evaluation, results);
    },
  };
}

/** The plots of one run. */
interface RunPlots {
  readonly element: HTMLElement;
  show(page: Page, view: RunView, evaluation: EvaluationView, compared: readonly EvaluationResult[]): void;
}

function createRunPlots(actions: PageActions): RunPlots {
  const scatter = createSvgChart({
    label: 'Highest IoU with an original against accuracy, every network',
    hint: 'Point at a mark, or use the arrow keys, to read a network.',
  });
  const heatMap = createHeatMap();
  const body = element('div', { class: 'run-plots' });
  return {
    element: body,
    show: (page, view, evaluation, compared) => {
      const { palette } = page;
      const { result } = evaluation;
      const suffix = page.state.selected.length > 1 ? ` of ${view.summary.id}` : '';
      const tools: Tools = { page, view, evaluation, suffix, actions };
      body.replaceChildren(
        element('h3', {}, `Novelty and accuracy${suffix}`),
        scatter.element,
        ...scatterTools(tools),
        element('h3', {}, `Shared mistakes, every pair${suffix}`),
        ...(result.iou
          ? [heatMap.element, ...heatMapTools(tools)]
          : [note('The test tells no single predictions, so shared mistakes are not known.')]),
      );
      scatter.show(widthPx => drawScatter(result, widthPx, palette, compared));
      if (result.iou) heatMap.show(result.iou, palette);
    },
  };
}

interface Tools {
  readonly page: Page;
  readonly view: RunView;
  readonly evaluation: EvaluationView;
  /** Tells the runs of a comparison apart; empty for a single one. */
  readonly suffix: string;
  readonly actions: PageActions;
}

function scatterTools({ page, view, evaluation: { id, result }, suffix, actions }: Tools): HTMLElement[] {
  const name = `${view.summary.id}-evaluation-${id}`;
  return [
    exportBar(
      `the scatter${suffix}`,
      {
        CSV: () => csvExport(name, networksTable(result)),
        SVG: () => svgExport(name, 'scatter', drawScatter(result, exportedWidthPx, page.palette).node, page.palette),
      },
      actions,
    ),
    tableDisclosure(`The scatter${suffix} as a table`, () => networksTable(result), `scatter${suffix}`, page, actions),
  ];
}

function heatMapTools({ page, view, evaluation: { id, result }, suffix, actions }: Tools): HTMLElement[] {
  const name = `${view.summary.id}-evaluation-${id}`;
  const matrix = result.iou!; // the caller has checked
  return [
    exportBar(
      `the heat map${suffix}`,
      {
        CSV: () => csvExport(name, iouTable(matrix)),
        SVG: () => svgExport(name, 'iou', heatMapSvg(matrix, page.palette), page.palette),
      },
      actions,
    ),
    tableDisclosure(`The heat map${suffix} as a table`, () => closestTable(matrix), `closest${suffix}`, page, actions),
  ];
}
