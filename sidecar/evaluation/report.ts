// An evaluation as one self-contained HTML page: tables, and plots with a text table behind each. Pure: facts in, text out.
// It needs no scripts and nothing from the network, and says so in its own content security policy.
import type { EvaluationResult, EvaluationRow, LayerHealth } from '../../protocol/evaluation';
import { countText, networkColumns, rowColumns } from '../../shared/metrics/columns';
import type { MetricColumn, RowColumn } from '../../shared/metrics/metric';
import { cellText } from '../../shared/table';
import { heatMap } from './plots/heatMap';
import { histogramPair } from './plots/histogram';
import { lineChart, type LinePoint } from './plots/lineChart';
import { scatter } from './plots/scatter';
import { escapeMarkup } from '../../shared/markup';
import { paddedRange } from './plots/svg';
import { reportStyle } from './reportStyle';

/** What the page tells besides the evaluation. */
export interface ReportInput {
  readonly title: string;
  /** Facts of the run in the order shown: model, dataset, device, seconds and memory to generate one network, … */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Training loss over steps; empty where it is not known. */
  readonly loss: readonly LinePoint[];
  readonly result: EvaluationResult;
}

/** Tables of single networks and layers are cut here; CSV and JSON hold all. */
const mostTableRows = 300;
const mostHistograms = 24;

/** The page's text. Everything that came from outside is escaped. */
export function reportHtml({ title, facts, loss, result }: ReportInput): string {
  const sections = [
    header(title, facts, result),
    groupSection(result),
    similaritySection(result),
    noveltySection(result),
    ensembleSection(result),
    weightsSection(result),
    loss.length > 0 ? lossSection(loss) : '',
    networkSection(result),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
${sections.filter(section => section !== '').join('\n')}
</main>
</body>
</html>
`;
}

function header(title: string, facts: ReportInput['facts'], result: EvaluationResult): string {
  const all: ReportInput['facts'] = [
    ...facts,
    ['Test', testText(result.test)],
    ['Seed of the evaluation', String(result.seed)],
    ['Time of the evaluation', `${(result.elapsedMs / 1000).toFixed(1)} s`],
  ];
  const notes = result.notes.map(note => `<p class="note">${escapeMarkup(note)}</p>`).join('');
  return `<h1>${escapeMarkup(title)}</h1><dl>${all
    .map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`)
    .join('')}</dl>${notes}`;
}

function groupSection({ rows, verdict }: EvaluationResult): string {
  return `<h2>Beside the originals and trivial baselines</h2>
<p>Accuracy alone is no evidence: a copy of a training checkpoint has good accuracy. A generated set is interesting where it is
less similar to the originals (lower max IoU, larger ratio) than baselines of the same accuracy.</p>
${verdict ? `<p class="verdict">${escapeMarkup(verdict)}</p>` : ''}
${groupTable('Accuracy; max IoU of wrong predictions with an original; distance to the nearest original, and over the originals’ leave-one-out median', rows, rowColumns(rows, ['accuracy', 'similarity']), true)}`;
}

/** One line a group, under the columns' own titles. */
function groupTable(
  caption: string,
  rows: readonly EvaluationRow[],
  columns: readonly RowColumn[],
  hasCounts = false,
): string {
  return table(
    caption,
    ['Networks', ...(hasCounts ? ['Count'] : []), ...columns.map(({ title }) => title)],
    rows.map(row => [groupTitle(row.group), ...(hasCounts ? [countText(row)] : []), ...cellTexts(columns, row)]),
  );
}

function similaritySection(result: EvaluationResult): string {
  const groups = result.rows.map(row => ({
    title: groupTitle(row.group),
    points: result.networks.flatMap(network =>
      network.group === row.group && network.accuracy !== null && network.maxIouWithOriginals !== null
        ? [{ x: network.maxIouWithOriginals, y: network.accuracy, title: network.name }]
        : [],
    ),
  }));
  const plot = groups.some(({ points }) => points.length > 0)
    ? `<figure>${scatter(
        groups.filter(({ points }) => points.length > 0),
        {
          xTitle: 'highest IoU of wrong predictions with an original',
          yTitle: 'accuracy',
          label:
            'Accuracy of every network over its similarity to the originals; the table of networks holds the values',
        },
      )}<figcaption>Up and to the left is better: accurate, and making mistakes of its own.</figcaption></figure>`
    : `<p>${result.test.kind === 'none' ? 'Nothing was tested' : 'The test tells no predictions'}, so similarity is not known.</p>`;
  return `<h2>Accuracy and similarity</h2>${plot}${heatMapFigure(result)}`;
}

function heatMapFigure({ iou }: EvaluationResult): string {
  if (iou === null || iou.values.length < 2) return '';
  const offDiagonal = iou.values.flatMap((row, i) => row.filter((_, j) => j !== i));
  const [low] = paddedRange(offDiagonal, 0);
  return `<figure>${heatMap(iou.values, {
    low,
    high: 1,
    split: iou.originals,
    label:
      'Intersection over union of the wrong predictions of every pair of networks; the CSV export holds the values',
    titles: ['originals', 'generated'],
  })}<figcaption>IoU of wrong predictions of every pair of networks whose predictions are known, in the order of the table of networks. Means over pairs are in the first table, the whole matrix is in the CSV export.</figcaption></figure>`;
}

function noveltySection(result: EvaluationResult): string {
  const { rows, diversity, leaveOneOutMedian } = result;
  const columns = rowColumns(rows, ['novelty']);
  const novelty =
    columns.length === 0
      ? '<p>With fewer than two originals there is no yardstick for novelty.</p>'
      : groupTable(
          'Share of networks within one point of the originals’ mean accuracy and at least τ leave-one-out medians from every original',
          rows,
          columns,
        );
  return `<h2>Novelty and diversity</h2>${novelty}<dl>
<dt>Leave-one-out median</dt><dd>${fixed(leaveOneOutMedian, 4)}</dd>
<dt>Mean distance inside</dt><dd>generated ${fixed(diversity.generatedSpread, 4)}, originals ${fixed(diversity.originalSpread, 4)}</dd>
<dt>Coverage</dt><dd>${diversity.covered} of ${diversity.originals} originals are the nearest of a generated network</dd></dl>`;
}

function ensembleSection({ ensembles, midpoints }: EvaluationResult): string {
  const votes =
    ensembles.length === 0
      ? ''
      : table(
          'Majority vote',
          ['networks of', 'networks', 'accuracy'],
          ensembles.map(({ title, networks, accuracy }) => [title, String(networks), fixed(accuracy, 4)]),
        );
  const barriers =
    midpoints.length === 0
      ? ''
      : table(
          'Half-way to the nearest original: a barrier near zero means the same basin',
          ['generated', 'accuracy half-way', 'barrier', 'nearest original'],
          midpoints.map(({ name, nearest, accuracy, barrier }) => [
            name,
            fixed(accuracy, 4),
            fixed(barrier, 4),
            nearest,
          ]),
        );
  return votes + barriers === '' ? '' : `<h2>Ensembles and barriers</h2>${votes}${barriers}`;
}

function weightsSection({ histograms, health }: EvaluationResult): string {
  if (health.length === 0) return '';
  const figures = histograms.slice(0, mostHistograms).map(
    histogram =>
      `<figure>${histogramPair(histogram.originals, histogram.generated, {
        low: histogram.low,
        high: histogram.high,
        xTitle: histogram.name,
        label: `Distribution of ${histogram.name}; the table below holds mean and deviation`,
      })}</figure>`,
  );
  const row = ({ name, originals, generated }: LayerHealth): string[] => [
    name,
    ...[originals.mean, generated.mean, originals.std, generated.std].map(value => value.toPrecision(4)),
  ];
  const left = histograms.length - figures.length;
  return `<h2>Weights</h2>
<p class="soft"><span class="key first"></span>originals <span class="key second"></span>generated${left > 0 ? ` – the first ${figures.length} of ${histograms.length} tensors` : ''}</p>
<div class="histograms">${figures.join('')}</div>
<details><summary>Mean and standard deviation of every tensor</summary>${table(
    'Over all networks of the group',
    ['tensor', 'mean, originals', 'mean, generated', 'sd, originals', 'sd, generated'],
    health.slice(0, mostTableRows).map(row),
  )}</details>`;
}

function lossSection(loss: readonly LinePoint[]): string {
  const every = Math.ceil(loss.length / 30);
  const rows = loss
    .filter((_, i) => i % every === 0 || i === loss.length - 1)
    .map(({ x, y }) => [String(x), y.toPrecision(4)]);
  return `<h2>Training</h2><figure>${lineChart(loss, {
    xTitle: 'step',
    yTitle: 'loss',
    label: 'Training loss over steps; the table below holds the values',
    logarithmic: true,
  })}</figure><details><summary>Values</summary>${table('Training loss', ['step', 'loss'], rows)}</details>`;
}

function networkSection({ networks }: EvaluationResult): string {
  const shown = networks.slice(0, mostTableRows);
  const columns = networkColumns(networks);
  const rows = shown.map(network => [network.name, groupTitle(network.group), ...cellTexts(columns, network)]);
  const textColumns = columns.flatMap((column, index) =>
    networks.some(network => typeof column.value(network) === 'string') ? [index + 2] : [],
  );
  const cut =
    networks.length > rows.length ? `; the first ${rows.length} of ${networks.length}, all are in the CSV export` : '';
  return `<h2>Networks</h2><details><summary>All networks</summary>${table(
    `Every network${cut}`,
    ['Network', 'Group', ...columns.map(({ title }) => title)],
    rows,
    [0, 1, ...textColumns],
  )}</details>`;
}

/** Cells are escaped here and nowhere else. `textColumns` are aligned left. */
function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: readonly number[] = [0],
): string {
  const align = (column: number): string => (textColumns.includes(column) ? ' class="text"' : '');
  const head = columns.map((name, column) => `<th scope="col"${align(column)}>${escapeMarkup(name)}</th>`).join('');
  const body = rows.map(
    row => `<tr>${row.map((cell, column) => `<td${align(column)}>${escapeMarkup(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table><caption>${escapeMarkup(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

const cellTexts = <Row>(columns: readonly MetricColumn<Row>[], row: Row): string[] =>
  columns.map(column => {
    const cell = column.value(row);
    return cell === null || (typeof cell === 'number' && !Number.isFinite(cell)) ? '–' : cellText(cell, column);
  });

const groupTitle = (group: EvaluationRow['group']): string => group.replace('baseline: ', '');
const fixed = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? '–'
    : value.toFixed(digits).replace(/^-(?=[0.]*$)/, ''); // no -0.0000

function testText({ title, kind, samples }: EvaluationResult['test']): string {
  if (kind === 'none') return title;
  return `${title}${samples === null ? '' : `, ${samples.toLocaleString('en-US')} samples`} (${kind})`;
}
