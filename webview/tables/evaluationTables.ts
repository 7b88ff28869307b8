// The tables of an evaluation: groups, networks, pairs, layers. Accuracy and shares are shown in percent and exported as
// fractions, as they are in the record.
import type { EvaluationResult, EvaluationRow, IouMatrix, LayerHistogram } from '../../protocol/evaluation';
import type { RunView } from '../../protocol/view';
import { binEdges } from '../charts/histogram';
import { fixed, percent, plural, significant } from '../../shared/words';
import { cellsOf, countColumns, networkColumns, rowColumns } from '../../shared/metrics/columns';
import type { Column, TableModel } from '../../shared/table';

const accuracy = (title: string, help: string): Column => ({ title, format: percent, help });
const iou = (title: string, help: string): Column => ({ title, format: fixed(3), help });

/** Accuracy of every group; of compared runs the generated rows of each. */
export function accuracyTable(views: readonly RunView[]): TableModel {
  const compared = comparedRows(views);
  const columns = [
    ...rowColumns(
      compared.map(({ row }) => row),
      ['accuracy'],
    ),
    ...countColumns,
  ];
  return {
    id: 'accuracy',
    title: 'Accuracy of originals, generated networks and trivial baselines on the same test',
    columns: [{ title: 'Networks' }, ...columns],
    rows: compared.map(({ title, row }) => [title, ...cellsOf(columns, row)]),
  };
}

/** The rows of the first run, and the generated networks of the others beside its own: they are what is compared. */
function comparedRows(views: readonly RunView[]): { title: string; row: EvaluationRow }[] {
  const [first, ...others] = views;
  const test = first?.evaluation?.result.test.title;
  const generatedOf = ({ evaluation, summary }: RunView) =>
    (evaluation?.result.rows ?? [])
      .filter(row => row.group === 'generated')
      .map(row => {
        const theirs = evaluation!.result.test.title;
        const other = test === undefined || theirs === test ? '' : `, by another test: ${theirs}`;
        return { title: `${row.title} · ${summary.id}${other}`, row };
      });
  return (first?.evaluation?.result.rows ?? []).flatMap(row =>
    row.group === 'generated' && others.length > 0
      ? [{ title: `${row.title} · ${first!.summary.id}`, row }, ...others.flatMap(generatedOf)]
      : [{ title: row.title, row }],
  );
}

/** How alike the groups are to the originals, in predictions and in weight space. */
export function similarityTable(views: readonly RunView[]): TableModel {
  const compared = comparedRows(views);
  const columns = rowColumns(
    compared.map(({ row }) => row),
    ['similarity', 'novelty'],
  );
  return {
    id: 'similarity',
    title: 'Similarity to the originals, distance, and share of networks that are both performant and novel',
    columns: [{ title: 'Networks' }, ...columns],
    rows: compared.map(({ title, row }) => [title, ...cellsOf(columns, row)]),
  };
}

export function networksTable({ networks }: EvaluationResult): TableModel {
  const columns = networkColumns(networks);
  return {
    id: 'networks',
    title: 'Every network evaluated',
    columns: [{ title: 'Network' }, { title: 'Group' }, ...columns],
    rows: networks.map(network => [network.name, network.group, ...cellsOf(columns, network)]),
  };
}

/** Spread, coverage, ensembles. */
export function diversityTable(result: EvaluationResult): TableModel {
  const { diversity } = result;
  const number = (value: number | null): string => significant(value);
  return {
    id: 'diversity',
    title: 'Diversity and ensembles',
    columns: [{ title: 'Measure' }, { title: 'Value' }],
    rows: [
      ['Spread of the generated networks (mean distance of pairs)', number(diversity.generatedSpread)],
      ['Spread of the originals', number(diversity.originalSpread)],
      ['Leave-one-out median distance of the originals', number(result.leaveOneOutMedian)],
      [
        'Originals that are the nearest of some generated network',
        `${diversity.covered.toString()} of ${diversity.originals.toString()}`,
      ],
      ...result.ensembles.map(vote => [
        `Majority vote: ${vote.title} (${plural(vote.networks, 'network')})`,
        percent(vote.accuracy),
      ]),
    ],
  };
}

export const midpointsTable = (result: EvaluationResult): TableModel => ({
  id: 'midpoints',
  title: 'Networks half-way between a generated one and its nearest original; a large barrier means another basin',
  columns: [
    { title: 'Generated' },
    { title: 'Nearest original' },
    accuracy('Accuracy', 'Of the midpoint'),
    accuracy('Barrier', 'Mean accuracy of the two ends minus the midpoint’s'),
  ],
  rows: result.midpoints.map(point => [point.name, point.nearest, point.accuracy, point.barrier]),
});

/** One line a network: the text behind the heat map. */
export function closestTable(matrix: IouMatrix): TableModel {
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    id: 'closest',
    title: 'IoU of wrong predictions, every network with the others',
    columns: [
      { title: 'Network' },
      { title: 'Group' },
      iou('Highest', 'Highest IoU with another network'),
      { title: 'With' },
      iou('Mean: originals', 'Mean IoU with the originals'),
      iou('Mean: generated', 'Mean IoU with the generated networks'),
    ],
    rows: matrix.names.map((name, index) => {
      const others = (matrix.values[index] ?? []).map((value, at) => ({ value, at })).filter(({ at }) => at !== index);
      const closest = others.reduce<{ value: number; at: number } | null>(
        (best, other) => (best === null || other.value > best.value ? other : best),
        null,
      );
      const values = (isOriginal: boolean): number[] =>
        others.filter(({ at }) => at < matrix.originals === isOriginal).map(({ value }) => value);
      return [
        name,
        index < matrix.originals ? 'original' : 'generated',
        closest?.value ?? null,
        closest ? matrix.names[closest.at]! : null,
        mean(values(true)),
        mean(values(false)),
      ];
    }),
  };
}

/** The whole matrix, for files. */
export const iouTable = (matrix: IouMatrix): TableModel => ({
  id: 'iou',
  title: 'IoU of wrong predictions',
  columns: [{ title: 'Network' }, ...matrix.names.map(name => ({ title: name, format: fixed(3) }))],
  rows: matrix.names.map((name, index) => [name, ...(matrix.values[index] ?? [])]),
});

export const healthTable = (result: EvaluationResult): TableModel => ({
  id: 'layers',
  title: 'Mean and standard deviation of every tensor, in the originals and in the generated networks',
  columns: [
    { title: 'Tensor' },
    { title: 'Mean: originals', format: significant },
    { title: 'Mean: generated', format: significant },
    { title: 'Std: originals', format: significant },
    { title: 'Std: generated', format: significant },
  ],
  rows: result.health.map(layer => [
    layer.name,
    layer.originals.mean,
    layer.generated.mean,
    layer.originals.std,
    layer.generated.std,
  ]),
});

export const histogramTable = (histogram: LayerHistogram): TableModel => ({
  id: 'histogram',
  title: `Distribution of ${histogram.name}`,
  columns: [
    { title: 'From', format: significant },
    { title: 'To', format: significant },
    { title: 'Originals', format: percent },
    { title: 'Generated', format: percent },
  ],
  rows: histogram.originals.map((share, index) => [
    ...binEdges(histogram, index, histogram.originals.length),
    share,
    histogram.generated[index] ?? null,
  ]),
});
