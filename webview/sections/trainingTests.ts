// Networks tested beside the training (training.evaluateEvery): how their accuracy grew. Nothing where no run asked for it.
import { drawTrainingTests, type TestedRun } from '../charts/trainingTests';
import { createSvgChart } from '../charts/svgChart';
import { exportBar, note, tableDisclosure } from '../controls';
import { element } from '../dom';
import { csvExport, svgExport } from '../export/exportFile';
import { changeDetector, type PageActions, type Part } from '../page';
import { trainingTestsTable } from '../tables/trainingTestsTable';

const exportedWidthPx = 720;

export function createTrainingTests(actions: PageActions): Part {
  const chart = createSvgChart({
    label: 'Accuracy of generated networks by training step',
    hint: 'Point at a mark, or use the arrow keys, to read a test.',
  });
  const body = element('div');
  const isNew = changeDetector();
  return {
    element: body,
    update: page => {
      const runs = page.state.selected
        .map((view): TestedRun => ({ id: view.summary.id, tests: view.duringTraining }))
        .filter(({ tests }) => tests.length > 0);
      if (!isNew(JSON.stringify(runs), page.palette)) return;
      if (runs.length === 0) {
        body.replaceChildren();
        return;
      }
      const { palette } = page;
      const name = runs[0]!.id;
      const isMeasured = runs.some(({ tests }) => tests.some(({ accuracy }) => accuracy !== null));
      body.replaceChildren(
        element('h3', {}, 'Accuracy beside the training'),
        isMeasured ? chart.element : note('None of the networks could be tested; the table says why.'),
        exportBar(
          'the accuracy beside the training',
          {
            CSV: () => csvExport(name, trainingTestsTable(runs)),
            SVG: () =>
              svgExport(name, 'training-tests', drawTrainingTests(runs, exportedWidthPx, palette).node, palette),
          },
          actions,
        ),
        tableDisclosure(
          'Accuracy beside the training as a table',
          () => trainingTestsTable(runs),
          'training-tests',
          page,
          actions,
        ),
      );
      if (isMeasured) chart.show(widthPx => drawTrainingTests(runs, widthPx, palette));
    },
  };
}
