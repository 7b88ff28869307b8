// One evaluation from beginning to end: originals, generated networks and trivial baselines through the same test and the
// same metrics, side by side. It composes; each number is computed in a file of its own. No files, no clock.
import type {
  EvaluatedNetwork,
  EvaluationResult,
  EvaluationRow,
  MidpointResult,
  NetworkGroup,
} from '../../protocol/evaluation';
import type { Structure } from '../tokenizer/structure';
import { throwIfCancelled } from '../util/rpgError';
import { createYielder } from '../util/yieldPoint';
import { meanOfKnown, summarise } from './accuracySummary';
import type { Baseline } from './baselines/baseline';
import { incomparableNotes, keepComparable } from './comparable';
import { distanceMatrix, leaveOneOutMedian, meanPairDistance, nearestColumn, type DistanceMatrix } from './distances';
import { majorityVoteAccuracy } from './ensembles';
import { countDefects, layerHealth, layerHistograms } from './health';
import { coveredOriginals, noveltyShares } from './novelty';
import { testAll, type TestRecord } from './testAll';
import type { NetworkToTest, Tester } from './tester';
import { verdictOf } from './verdict';
import { iouMatrix, maxIou, meanIouBetween, meanIouInside, wrongSet, type WrongSet } from './wrongPredictions';

export interface EvaluationInput {
  readonly structure: Structure;
  readonly originals: readonly NetworkToTest[];
  readonly generated: readonly NetworkToTest[];
  /** Null: nothing is tested, weights alone are compared. */
  readonly tester: Tester | null;
  readonly baselines: readonly Baseline[];
  /** Networks made of each baseline. */
  readonly networksPerBaseline: number;
  /** Generated networks whose midpoint towards the nearest original is tested. */
  readonly midpoints: number;
  readonly seed: number;
}

export interface EvaluationOptions {
  readonly signal?: AbortSignal;
  readonly report?: (progress: { fraction: number; message: string }) => void;
}

/** A group on its way through the metrics. */
interface Group {
  readonly name: NetworkGroup;
  readonly title: string;
  readonly networks: readonly NetworkToTest[];
  /** (networks × originals) */
  distances: DistanceMatrix;
  records: readonly TestRecord[];
  /** Null where the test tells no predictions. */
  wrong: readonly (WrongSet | null)[];
}

/**
 * Everything evaluation.md asks for, except what only the caller knows (elapsed time, generation speed).
 * *Errors* cancelled; internal. A network that cannot be tested is part of the result.
 * *Memory* one tensor of every original, and the predictions of every network.
 */
export async function evaluate(
  input: EvaluationInput,
  { signal, report }: EvaluationOptions = {},
): Promise<Omit<EvaluationResult, 'elapsedMs'>> {
  const { structure, tester, seed } = input;
  const yielder = createYielder();
  const pause = (): Promise<void> | undefined => {
    throwIfCancelled(signal, 'the evaluation');
    return yielder();
  };
  const groups = makeGroups(input);
  const originalSources = input.originals.map(network => network.source);
  const generatedSources = input.generated.map(network => network.source);

  report?.({ fraction: 0, message: 'Measuring distances in weight space' });
  for (const group of groups) {
    const sources = group.networks.map(network => network.source);
    group.distances = await distanceMatrix(structure, sources, originalSources, pause);
  }
  const generatedDistances = await distanceMatrix(structure, generatedSources, generatedSources, pause);

  const all = groups.flatMap(group => group.networks);
  const midpoints = makeMidpoints(input, groups[1]!);
  const nTests = all.length + midpoints.length;
  let tested = 0;
  const onTested = (_: number, name: string): void =>
    report?.({ fraction: 0.05 + (0.9 * ++tested) / nTests, message: `Tested ${tested} of ${nTests}: ${name}` });
  const { records, reference, incomparable } = keepComparable(await testAll(tester, all, { signal, onTested }));
  let at = 0;
  for (const group of groups) {
    group.records = records.slice(at, (at += group.networks.length));
    group.wrong = group.records.map(({ outcome }) =>
      outcome?.predictions ? wrongSet(outcome.predictions.predicted, outcome.predictions.expected) : null,
    );
    await pause();
  }
  const midpointRecords = await testAll(
    tester,
    midpoints.map(({ network }) => network),
    { signal, onTested },
  );

  report?.({ fraction: 0.95, message: 'Comparing predictions and weights' });
  const [originals, generated] = groups as [Group, Group]; // makeGroups puts these two first
  const yardstick = leaveOneOutMedian(originals.distances);
  const networks: EvaluatedNetwork[] = [];
  const rows: EvaluationRow[] = [];
  for (const group of groups) {
    const evaluated: EvaluatedNetwork[] = [];
    for (const [index] of group.networks.entries()) {
      evaluated.push(describeNetwork(structure, group, index, originals));
      await pause();
    }
    networks.push(...evaluated);
    rows.push(describeGroup(group, evaluated, originals, rows[0], yardstick));
  }
  return {
    formatVersion: 1,
    test: {
      kind: tester?.kind ?? 'none',
      title: tester?.title ?? 'no test, weights only',
      samples: records[reference]?.outcome?.predictions?.expected.length ?? null,
    },
    seed,
    rows,
    networks,
    iou: describeSimilarity(originals, generated),
    leaveOneOutMedian: yardstick,
    diversity: {
      generatedSpread: meanPairDistance(generatedDistances),
      originalSpread: meanPairDistance(originals.distances),
      covered: coveredOriginals(
        generated.networks.map((_, row) => nearestColumn(generated.distances, row, null)?.column ?? null),
      ),
      originals: originals.networks.length,
    },
    ensembles: describeEnsembles(originals, generated),
    midpoints: describeMidpoints(midpoints, midpointRecords, originals, generated),
    health: await layerHealth(structure, originalSources, generatedSources, pause),
    histograms: await layerHistograms(structure, originalSources, generatedSources, 40, pause),
    verdict: verdictOf(rows),
    notes: [
      ...makeNotes(groups, input),
      ...incomparableNotes(
        incomparable.map(index => all[index]!.source.name),
        all[reference]?.source.name,
      ),
    ],
  };
}

/** Of the originals and generated networks whose predictions are known; null for none. */
function describeSimilarity(originals: Group, generated: Group): EvaluationResult['iou'] {
  const known = [originals, generated].map(({ networks, wrong }) =>
    wrong.flatMap((set, i) => (set === null ? [] : [{ name: networks[i]!.source.name, set }])),
  );
  const all = known.flat();
  if (all.length === 0) return null;
  return {
    names: all.map(({ name }) => name),
    originals: known[0]!.length,
    values: iouMatrix(all.map(({ set }) => set)),
  };
}

function makeGroups({
  structure,
  originals,
  generated,
  baselines,
  networksPerBaseline,
  seed,
}: EvaluationInput): Group[] {
  const empty = { distances: { rows: 0, columns: 0, values: new Float64Array(0) }, records: [], wrong: [] };
  const sources = originals.map(network => network.source);
  const usable = networksPerBaseline > 0 ? baselines.filter(({ minOriginals }) => minOriginals <= sources.length) : [];
  return [
    { name: 'originals', title: 'training checkpoints', networks: originals, ...empty },
    { name: 'generated', title: 'generated networks', networks: generated, ...empty },
    ...usable.map((baseline): Group => ({
      name: `baseline: ${baseline.name}`,
      title: baseline.title,
      networks: Array.from({ length: networksPerBaseline }, (_, which) => ({
        source: baseline.make({ structure, originals: sources, seed }, which),
        path: null,
      })),
      ...empty,
    })),
  ];
}

function describeNetwork(structure: Structure, group: Group, index: number, originals: Group): EvaluatedNetwork {
  const { source } = group.networks[index]!;
  const own = group === originals ? index : null; // an original is not compared with itself
  const nearest = nearestColumn(group.distances, index, own);
  const record = group.records[index]!;
  const wrong = group.wrong[index];
  const others = originals.wrong.filter(set => set !== null);
  const ownAmongOthers = own === null ? null : originals.wrong.slice(0, own).filter(set => set !== null).length;
  return {
    name: source.name,
    group: group.name,
    accuracy: record.outcome?.accuracy ?? null,
    loss: record.outcome?.loss ?? null,
    failure: record.failure,
    maxIouWithOriginals: wrong ? maxIou(wrong, others, ownAmongOthers) : null,
    nearestDistance: nearest?.distance ?? null,
    nearest: nearest === null ? null : originals.networks[nearest.column]!.source.name,
    ...countDefects(structure, source),
  };
}

function describeGroup(
  group: Group,
  networks: readonly EvaluatedNetwork[],
  originals: Group,
  originalsRow: EvaluationRow | undefined,
  yardstick: number | null,
): EvaluationRow {
  const accuracy = summarise(networks.flatMap(network => (network.accuracy === null ? [] : [network.accuracy])));
  const wrong = group.wrong.filter(set => set !== null);
  const nearestDistance = meanOfKnown(networks.map(network => network.nearestDistance));
  return {
    group: group.name,
    title: group.title,
    count: networks.length,
    failed: networks.filter(network => network.failure !== null).length,
    accuracy,
    meanLoss: meanOfKnown(networks.map(network => network.loss)),
    maxIouWithOriginals: meanOfKnown(networks.map(network => network.maxIouWithOriginals)),
    iouInside: meanIouInside(wrong),
    iouWithOriginals:
      group === originals
        ? null
        : meanIouBetween(
            wrong,
            originals.wrong.filter(set => set !== null),
          ),
    nearestDistance,
    nearestDistanceRatio:
      nearestDistance === null || yardstick === null || yardstick === 0 ? null : nearestDistance / yardstick,
    novelty: noveltyShares(networks, (originalsRow?.accuracy ?? accuracy)?.mean ?? null, yardstick),
  };
}

function describeEnsembles(originals: Group, generated: Group): EvaluationResult['ensembles'] {
  const sets = [
    { title: 'originals', groups: [originals] },
    { title: 'generated', groups: [generated] },
    { title: 'originals and generated', groups: [originals, generated] },
  ];
  return sets.flatMap(({ title, groups }) => {
    if (groups.some(group => group.networks.length === 0)) return [];
    const predictions = groups.flatMap(group => group.records).flatMap(({ outcome }) => outcome?.predictions ?? []);
    const expected = predictions[0]?.expected ?? [];
    const voters = predictions.map(({ predicted }) => predicted);
    const accuracy = majorityVoteAccuracy(voters, expected);
    return accuracy === null ? [] : [{ title, networks: voters.length, accuracy }];
  });
}

/** A network half-way between a generated one and its nearest original, by their positions in their groups. */
interface Midpoint {
  readonly network: NetworkToTest;
  readonly generated: number;
  readonly original: number;
}

function makeMidpoints(input: EvaluationInput, generated: Group): Midpoint[] {
  const isFixed = (index: number): boolean => input.structure.parameters[index]!.kind === 'fixed';
  const count = input.tester === null ? 0 : input.midpoints;
  return input.generated.slice(0, count).flatMap(({ source }, row): Midpoint[] => {
    const nearest = nearestColumn(generated.distances, row, null);
    if (nearest === null) return [];
    const original = input.originals[nearest.column]!.source;
    const read = (index: number): Float32Array =>
      isFixed(index) ? original.read(index) : midpoint(source.read(index), original.read(index));
    return [
      {
        network: { path: null, source: { name: `midpoint of ${source.name}`, read } },
        generated: row,
        original: nearest.column,
      },
    ];
  });
}

const midpoint = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => (value + b[i]!) / 2);

function describeMidpoints(
  midpoints: readonly Midpoint[],
  records: readonly TestRecord[],
  originals: Group,
  generated: Group,
): MidpointResult[] {
  return midpoints.flatMap((ends, index) => {
    const middle = records[index]!.outcome;
    const left = generated.records[ends.generated]!.outcome;
    const right = originals.records[ends.original]!.outcome;
    if (middle === null || left === null || right === null) return [];
    return [
      {
        name: generated.networks[ends.generated]!.source.name,
        nearest: originals.networks[ends.original]!.source.name,
        accuracy: middle.accuracy,
        barrier: (left.accuracy + right.accuracy) / 2 - middle.accuracy,
      },
    ];
  });
}

function makeNotes(groups: readonly Group[], input: EvaluationInput): string[] {
  const { baselines, originals, networksPerBaseline } = input;
  const left = baselines.filter(({ minOriginals }) => minOriginals > originals.length);
  const tooFew =
    networksPerBaseline > 0 && left.length > 0
      ? [`Too few originals for: ${left.map(({ name }) => name).join(', ')}.`]
      : [];
  return [...(input.tester === null ? [untestedNote] : testNotes(groups, input)), ...tooFew];
}

const untestedNote =
  'Nothing was tested: accuracy, similarity and novelty are missing, and distances alone say little.';

function testNotes(groups: readonly Group[], { originals }: EvaluationInput): string[] {
  const notes: string[] = [];
  const tested = groups[0]!.records.filter(({ outcome }) => outcome !== null).length;
  if (tested < originals.length)
    notes.push(`${originals.length - tested} of ${originals.length} originals could not be tested.`);
  if (groups.every(group => group.wrong.every(set => set === null)))
    notes.push(
      'The test tells no predictions, so similarity and ensembles are missing; give it {predictions} to write.',
    );
  return notes;
}
