// Live training: the loss of every selected run, the learning rate, and what the first run takes.
import type { RunView } from '../../protocol/view';
import { createLineChart, type Trace } from '../charts/lineChart';
import { drawLines } from '../charts/lineSvg';
import type { Series } from '../charts/series';
import type { Palette } from '../charts/theme';
import { button, exportBar, facts, note, tableDisclosure } from '../controls';
import { element, fill } from '../dom';
import { csvExport, svgExport } from '../export/exportFile';
import { formatBytes, formatElapsed, significant, unknown } from '../../shared/words';
import { changeDetector, type Page, type PageActions, type Part } from '../page';
import { metricsTable } from '../tables/metricsTable';
import { createTrainingTests } from './trainingTests';

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const exportedWidthPx = 900;

export function createTraining(actions: PageActions): Part {
  const loss = createLineChart({ label: 'Loss by training step', heightPx: 240 });
  const rate = createLineChart({ label: 'Learning rate by training step', heightPx: 110 });
  const log = element('vscode-checkbox', {
    label: 'Logarithmic',
    change: () => actions.prefer(() => ({ isLogScale: log.checked })),
  });
  const showAll = button('Show all steps', () => {
    loss.showAll();
    rate.showAll();
  });
  const resources = element('div');
  const exports = element('div');
  const tools = element('div', { class: 'bar' }, log, showAll, exports);
  const tables = element('div');
  const tests = createTrainingTests(actions);
  const warning = element('div');
  const empty = note('The loss appears here with the first training step.');
  const charts = element('div', { class: 'charts' }, loss.element, element('h3', {}, 'Learning rate'), rate.element);
  const isContentNew = changeDetector();
  const isGrown = changeDetector();
  const isTableOld = changeDetector();

  return {
    element: element('div', { class: 'section-body' }, resources, empty, tools, warning, charts, tables, tests.element),
    update: page => {
      const { selected } = page.state;
      showResources(resources, selected[0], page);
      tests.update(page);
      const shown = selected.flatMap(view => {
        const series = page.series.get(view.summary.id);
        return series && series.length > 0 ? [{ view, series }] : [];
      });
      empty.hidden = shown.length > 0;
      charts.hidden = tools.hidden = tables.hidden = shown.length === 0;
      if (shown.length === 0) return;
      const ids = shown.map(({ view }) => view.summary.id);
      const name = ids[0]!;
      log.checked = page.preferences.isLogScale;
      const lossTraces = (): Trace[] => lossLines(shown, page.palette);
      if (
        isContentNew(page.palette, page.preferences.isLogScale, ids.join('|'), ...shown.map(({ series }) => series))
      ) {
        loss.show({ traces: lossTraces(), isLog: page.preferences.isLogScale, palette: page.palette });
        rate.show({ traces: rateLines(shown, page.palette), isLog: false, palette: page.palette });
        exports.replaceChildren(
          exportBar(
            'the training curves',
            {
              CSV: () => csvExport(name, metricsTable(shown, Infinity)),
              SVG: () =>
                svgExport(
                  name,
                  'loss',
                  drawLines(
                    lossLines(shown, page.palette),
                    { title: 'Loss', widthPx: exportedWidthPx, isLog: log.checked },
                    page.palette,
                  ),
                  page.palette,
                ),
            },
            actions,
          ),
        );
      }
      if (isGrown(...shown.map(({ series }) => series.length))) {
        loss.draw();
        rate.draw();
        const nNotFinite = shown.reduce((sum, { series }) => sum + series.nNotFinite, 0);
        fill(warning, String(nNotFinite), () =>
          nNotFinite === 0 ? [] : [note(`${nNotFinite} losses are not finite and are left out of the curve.`)],
        );
      }
      // The table is made again when a hundredth of the run has passed, not with every point.
      if (
        isTableOld(
          ids.join('|'),
          ...shown.map(({ view, series }) => Math.floor((100 * series.length) / Math.max(1, view.summary.steps))),
        )
      )
        tables.replaceChildren(
          tableDisclosure('Training curves as a table', () => metricsTable(shown, 200), 'metrics', page, actions),
        );
    },
  };
}

interface Shown {
  readonly view: RunView;
  readonly series: Series;
}

function lossLines(shown: readonly Shown[], palette: Palette): Trace[] {
  const isCompared = shown.length > 1;
  return shown.map(({ view, series }, index) => {
    const color = palette.curves[index % palette.curves.length]!;
    const suffix = isCompared ? ` of ${view.summary.id}` : '';
    const smooth = {
      label: `smoothed${suffix}`,
      values: series.smoothLoss,
      color: isCompared ? color : palette.generated,
      width: 2,
      dash: dashes[index % dashes.length]!,
    };
    const raw = { label: 'loss', values: series.loss, color, width: 1, dash: [] };
    // Of several runs only the smoothed curves: the raw ones would hide each other.
    return { series, envelope: series.lossEnvelope, lines: isCompared ? [smooth] : [raw, smooth] };
  });
}

const rateLines = (shown: readonly Shown[], palette: Palette): Trace[] =>
  shown.map(({ view, series }, index) => ({
    series,
    envelope: series.learningRateEnvelope,
    lines: [
      {
        label: shown.length > 1 ? `learning rate of ${view.summary.id}` : 'learning rate',
        values: series.learningRate,
        color: palette.curves[index % palette.curves.length]!,
        width: 1.5,
        dash: dashes[index % dashes.length]!,
      },
    ],
  }));

function showResources(parent: HTMLElement, view: RunView | undefined, page: Page): void {
  const live = page.state.live.find(each => each.run === view?.summary.id);
  const memory = live?.memoryBytes ?? null;
  const msPerStep = live?.msPerStep ?? null;
  const entries: (readonly [string, string])[] = view
    ? [
        ['Device', view.engine ? `${view.engine.description} (${view.engine.engine})` : unknown],
        ['Memory', formatBytes(memory)],
        ['A step', msPerStep === null ? unknown : `${significant(msPerStep)} ms`],
        ['Elapsed', formatElapsed(live?.elapsedMs ?? null)],
        ['Left', formatElapsed(live?.remainingMs ?? null)],
      ]
    : [];
  fill(parent, JSON.stringify(entries), () => (entries.length === 0 ? [] : [facts(entries)]));
}
