// How new the networks are: the scatter of IoU against accuracy, the similarity table, and the heat map of all pairs.
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
  const scatter = createSvgChart({
    label: 'Highest IoU with an original against accuracy, every network',
    hint: 'Point at a mark, or use the arrow keys, to read a network.',
  });
  const heatMap = createHeatMap();
  const body = element('div', { class: 'section-body' });
  const isNew = changeDetector();
  return {
    element: body,
    update: page => {
      const [view] = page.state.selected;
      const evaluation = shownEvaluation(page);
      const { palette } = page;
      if (!isNew(evaluationKey(page), palette, view?.blocked.evaluate)) return;
      if (!view || !evaluation) {
        body.replaceChildren(notEvaluated(view, actions));
        return;
      }
      const { result } = evaluation;
      body.replaceChildren(
        table(similarityTable(page.state.selected), page, actions),
        element('h3', {}, 'Novelty and accuracy'),
        scatter.element,
        ...scatterTools(page, view, evaluation, actions),
        element('h3', {}, 'Shared mistakes, every pair'),
        ...(result.iou
          ? [heatMap.element, ...heatMapTools(page, view, evaluation, actions)]
          : [note('The test tells no single predictions, so shared mistakes are not known.')]),
      );
      scatter.show(widthPx => drawScatter(result, widthPx, palette));
      if (result.iou) heatMap.show(result.iou, palette);
    },
  };
}

function scatterTools(page: Page, view: RunView, { id, result }: EvaluationView, actions: PageActions): HTMLElement[] {
  const name = `${view.summary.id}-evaluation-${id}`;
  return [
    exportBar(
      'the scatter',
      {
        CSV: () => csvExport(name, networksTable(result)),
        SVG: () => svgExport(name, 'scatter', drawScatter(result, exportedWidthPx, page.palette).node),
      },
      actions,
    ),
    tableDisclosure('The scatter as a table', () => networksTable(result), 'scatter', page, actions),
  ];
}

function heatMapTools(page: Page, view: RunView, { id, result }: EvaluationView, actions: PageActions): HTMLElement[] {
  const name = `${view.summary.id}-evaluation-${id}`;
  const matrix = result.iou!; // the caller has checked
  return [
    exportBar(
      'the heat map',
      {
        CSV: () => csvExport(name, iouTable(matrix)),
        SVG: () => svgExport(name, 'iou', heatMapSvg(matrix, page.palette)),
      },
      actions,
    ),
    tableDisclosure('The heat map as a table', () => closestTable(matrix), 'closest', page, actions),
  ];
}
