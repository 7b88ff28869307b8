// One list of columns behind every table of an evaluation.
import { describe, expect, it } from 'vitest';
import { csvText } from '../../../shared/csv';
import { cellsOf, duplicateIds, networkColumns, rowColumns } from '../../../shared/metrics/columns';
import { accuracy } from '../../../shared/metrics/accuracy';
import { metricOfTests } from '../../../shared/metrics/metric';
import { metrics } from '../../../shared/metrics/registry';
import { percent } from '../../../shared/words';
import { groupTable, networkTable } from '../../../sidecar/evaluation/csv';
import { exampleEvaluation } from '../../webview/support/exampleStates';

const example = exampleEvaluation();

it('has no two metrics and no two columns of one id', () => expect(duplicateIds(metrics)).toEqual([]));

it('names both places of an id that is used twice', () => {
  const number = { title: 'A', name: 'a', help: 'A', format: percent, section: 'accuracy' as const, of: () => null };
  const same = metricOfTests('again', [{ ...number, id: 'best' }]);
  expect(duplicateIds([accuracy, same])).toEqual([
    'the column of groups "best" is in metric 1 of the registry (accuracy) and again in metric 2 of the registry (again); give one another id',
  ]);
  expect(duplicateIds([accuracy, accuracy])[0]).toMatch(/^the metric "accuracy" is in metric 1 .* metric 2/);
});

describe('CSV headers', () => {
  it('of groups are those that scripts know', () =>
    expect(csvText(groupTable(example).slice(0, 1))).toBe(
      'group,networks,failed,accuracy best,accuracy mean,accuracy min,accuracy sd,loss mean,max IoU with originals,IoU inside,IoU with originals,nearest distance,nearest distance ratio,performant and novel at 1,performant and novel at 2,performant and novel at 4\r\n',
    ));

  it('of networks are those that scripts know', () =>
    expect(csvText(networkTable(example).slice(0, 1))).toBe(
      'network,group,accuracy,loss,max IoU with originals,nearest distance,nearest original,NaN or infinite,variances not positive,failure\r\n',
    ));
});

it('puts each field of a record under its own header', () => {
  const [row] = example.rows;
  const columns = rowColumns(example.rows);
  const cells = Object.fromEntries(columns.map(({ name }, index) => [name, cellsOf(columns, row!)[index]]));
  expect(cells).toMatchObject({
    'accuracy mean': row!.accuracy!.mean,
    'loss mean': row!.meanLoss,
    'max IoU with originals': row!.maxIouWithOriginals,
    'nearest distance ratio': row!.nearestDistanceRatio,
    'performant and novel at 4': row!.novelty[2]!.share,
  });
});

describe('a metric without a field of its own', () => {
  const halves = metricOfTests('halves', [
    {
      ...{ id: 'half', title: 'Half', name: 'half of the accuracy', help: 'Half', section: 'accuracy' },
      format: percent,
      of: ({ accuracy: share, predictions }) => (predictions ? share / 2 : null),
    },
  ]);
  const predictions = { predicted: [0], expected: [0] };

  it('records numbers under its id, and nothing where nothing is known', () => {
    expect(halves.ofTest!({ accuracy: 0.5, loss: null, predictions })).toEqual({ metrics: { half: 0.25 } });
    expect(halves.ofTest!({ accuracy: 0.5, loss: null, predictions: null })).toEqual({});
  });

  it('is of a group the mean of what is known', () => {
    const networks = [0.1, 0.3, null].map(half => ({ ...example.networks[0]!, metrics: { half } }));
    const originals = { row: null, wrong: [], leaveOneOutMedian: null };
    const values = halves.ofGroup!({ isOriginals: true, observed: [], networks, originals });
    expect(values.metrics!.half).toBeCloseTo(0.2, 12);
  });
});

it('shows the columns that older records had even where nothing is known', () => {
  const unknown = { ...example.networks[0]!, accuracy: null, loss: null, nearest: null };
  expect(networkColumns([unknown]).map(({ title }) => title)).toContain('Nearest original');
});
