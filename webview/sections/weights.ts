// The weights themselves: the distribution of a chosen tensor, and every tensor's mean and spread.
import type { LayerHistogram } from '../../protocol/evaluation';
import type { RunView } from '../../protocol/view';
import { drawLayerHistogram } from '../charts/histogram';
import { createSvgChart } from '../charts/svgChart';
import { exportBar, note, tableDisclosure } from '../controls';
import { element } from '../dom';
import { csvExport, svgExport } from '../export/exportFile';
import { changeDetector, type Page, type PageActions, type Part } from '../page';
import { healthTable, histogramTable } from '../tables/evaluationTables';
import { evaluationKey, notEvaluated, shownEvaluation } from './evaluated';

const exportedWidthPx = 720;

export function createWeights(actions: PageActions): Part {
  const chart = createSvgChart({
    label: 'Distribution of the tensor’s weights',
    hint: 'Point at a bar, or use the arrow keys, to read a bin.',
  });
  const picker = element('select', {
    'aria-label': 'Tensor shown',
    change: () => actions.prefer(() => ({ layer: picker.value })),
  });
  const details = element('div');
  const content = element('div', {}, picker, chart.element, details);
  const body = element('div', { class: 'section-body' });
  const isNew = changeDetector();
  const isOtherLayer = changeDetector();
  return {
    element: body,
    update: page => {
      const [view] = page.state.selected;
      const result = shownEvaluation(page)?.result;
      const key = evaluationKey(page);
      const histograms = result?.histograms ?? [];
      const shown = histograms.find(histogram => histogram.name === page.preferences.layer) ?? histograms[0];
      if (isNew(key, view?.blocked.evaluate)) {
        if (!view || !result) body.replaceChildren(notEvaluated(view, actions));
        else if (!shown) body.replaceChildren(note('No tensor’s distribution was measured.'));
        else {
          picker.replaceChildren(...histograms.map(({ name }) => element('option', { value: name }, name)));
          body.replaceChildren(content);
        }
      }
      if (!view || !result || !shown || !isOtherLayer(key, shown.name, page.palette)) return;
      picker.value = shown.name;
      chart.show(widthPx => drawLayerHistogram(shown, widthPx, page.palette));
      details.replaceChildren(
        ...tools(page, view, shown, actions),
        tableDisclosure(
          'Every tensor: mean and standard deviation',
          () => healthTable(result),
          'layers',
          page,
          actions,
        ),
      );
    },
  };
}

const tools = (page: Page, view: RunView, shown: LayerHistogram, actions: PageActions): HTMLElement[] => [
  exportBar(
    'the histogram',
    {
      CSV: () => csvExport(`${view.summary.id}-${shown.name}`, histogramTable(shown)),
      SVG: () =>
        svgExport(
          `${view.summary.id}-${shown.name}`,
          'histogram',
          drawLayerHistogram(shown, exportedWidthPx, page.palette).node,
          page.palette,
        ),
    },
    actions,
  ),
  tableDisclosure('The histogram as a table', () => histogramTable(shown), 'histogram', page, actions),
];
