// One evaluation from beginning to end: originals, generated networks and trivial baselines through the same test and the
// same metrics, side by side. It composes; each number is computed in a file of its own. No files, no clock.
import type {
  EvaluatedNetwork,
  EvaluationResult,
  EvaluationRow,
  MidpointResult,
  NetworkGroup,
} from '../../protocol/evaluation';
import type { NetworkValues, ObservedGroup, ObservedNetwork, RowValues } from '../../shared/metrics/metric';
import { metrics } from '../../shared/metrics/registry';
import { iouMatrix, wrongSet, type WrongSet } from '../../shared/wrongPredictions';
import type { Structure } from '../tokenizer/structure';
import { throwIfCancelled } from '../util/rpgError';
import { createYielder } from '../util/yieldPoint';
import type { Baseline } from './baselines/baseline';
import { coveredOriginals } from './coverage';
import { incomparableNotes, keepComparable } from './comparable';
import {
  distancesBetween,
  leaveOneOutMedian,
  meanPairDistance,
  nearestColumn,
  rawDistances,
  type Distances,
} from './distances';
import { majorityVoteAccuracy } from './ensembles';
import { countDefects, layerHealth, layerHistograms } from './health';
import { testAll, type TestRecord } from './testAll';
import type { NetworkToTest, Tester } from './tester';
import { isBeyondNoise, noiseLevel, type CorrectShares } from './noiseCurve';
import { verdictOf } from './verdict';

export interface EvaluationInput {
  readonly structure: Structure;
  readonly originals: readonly NetworkToTest[];
  readonly generated: readonly NetworkToTest[];
  /** Null: nothing is tested, weights alone are compared. */
  readonly tester: Tester | null;
  readonly baselines: readonly Baseline[];
  /** More of the same kind, one after the other, until one is as far from the originals as the generated networks. */
  readonly strongerNoise?: readonly Baseline[];
  /** What to try where the networks are broken, in a sentence; null: nothing that shows. */
  readonly advise?: () => string | null;
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
  distances: Distances;
  records: readonly TestRecord[];
  /** Null where the test tells no predictions. */
  wrong: readonly (WrongSet | null)[];
}

/**
 * Everything evaluation.md asks for, except what only the caller knows (elapsed time, generation speed).
 * *Errors* cancelled; internal. A network that cannot be tested is part of the result.
 * *Memory* one tensor of every original, and the predictions of every network.
 */
export async function compareNetworks(
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
  const measureDistances = async (group: Group): Promise<void> => {
    const sources = group.networks.map(network => network.source);
    group.distances = await distancesBetween(structure, sources, originalSources, pause);
  };
  for (const group of groups) await measureDistances(group);
  const generatedDistances = await rawDistances(structure, generatedSources, generatedSources, pause);

  const midpoints = makeMidpoints(input, groups[1]!);
  let nTests = networksOf(groups).length + midpoints.length;
  let tested = 0;
  const onTested = (_: number, name: string): void =>
    report?.({ fraction: 0.05 + (0.9 * ++tested) / nTests, message: `Tested ${tested} of ${nTests}: ${name}` });
  const told = new Map<NetworkToTest, readonly (NetworkValues | undefined)[]>();
  const asking = tester && askMetrics(tester, (network, values) => told.set(network, values));
  const outcomes: TestRecord[] = [];
  const test = async (added: readonly Group[]): Promise<ReturnType<typeof keepComparable>> => {
    const before = outcomes.length;
    outcomes.push(...(await testAll(asking, networksOf(added), { signal, onTested })));
    // Which predictions count follows from the first that are told, so what was judged before stays as it is.
    const found = keepComparable(outcomes);
    await takeRecords(added, found.records.slice(before), pause);
    return found;
  };
  const [originals, generated] = groups as [Group, Group]; // makeGroups puts these two first
  const yardstick = leaveOneOutMedian(originals.distances.raw);
  const networks: EvaluatedNetwork[] = [];
  const rows: EvaluationRow[] = [];
  const judge = async (group: Group): Promise<void> => {
    const observed: ObservedNetwork[] = [];
    const evaluated: EvaluatedNetwork[] = [];
    for (const [index, network] of group.networks.entries()) {
      const seen = observeNetwork(structure, group, index, originals);
      observed.push(seen);
      const values = metrics.map(metric => metric.ofNetwork?.(seen));
      evaluated.push(networkRecord(network.source.name, group.name, [...(told.get(network) ?? []), ...values]));
      await pause();
    }
    networks.push(...evaluated);
    const wrong = originals.wrong.filter(set => set !== null);
    const known = { row: rows[0] ?? null, wrong, leaveOneOutMedian: yardstick };
    rows.push(
      groupRecord(group, { isOriginals: group === originals, observed, networks: evaluated, originals: known }),
    );
  };
  let comparable = await test(groups);
  const midpointRecords = await testAll(
    tester,
    midpoints.map(({ network }) => network),
    { signal, onTested },
  );
  report?.({ fraction: 0.95, message: 'Comparing predictions and weights' });
  for (const group of groups) await judge(group);
  for (const noise of input.strongerNoise ?? []) {
    if (!isBeyondNoise(rows)) break;
    const group = baselineGroup(noise, input);
    groups.push(group);
    nTests += group.networks.length;
    await measureDistances(group);
    comparable = await test([group]);
    await judge(group);
  }
  const all = networksOf(groups);
  const { records, reference, incomparable } = comparable;
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
      originalSpread: meanPairDistance(originals.distances.raw),
      covered: coveredOriginals(
        generated.networks.map((_, row) => nearestColumn(generated.distances.raw, row, null)?.column ?? null),
      ),
      originals: originals.networks.length,
    },
    ensembles: describeEnsembles(originals, generated),
    midpoints: describeMidpoints(midpoints, midpointRecords, originals, generated),
    health: await layerHealth(structure, originalSources, generatedSources, pause),
    histograms: await layerHistograms(structure, originalSources, generatedSources, 40, pause),
    verdict: verdictOf(rows, correctShares(groups), input.advise),
    notes: [
      ...makeNotes(groups, input),
      ...noveltyNotes(rows),
      ...incomparableNotes(
        incomparable.map(index => all[index]!.source.name),
        all[reference]?.source.name,
      ),
    ],
  };
}

/** Each outcome is shown to the metrics at once, so that nothing large that it tells has to be kept. */
function askMetrics(
  tester: Tester,
  onValues: (network: NetworkToTest, values: readonly (NetworkValues | undefined)[]) => void,
): Tester {
  return {
    ...tester,
    async test(network, signal) {
      const outcome = await tester.test(network, signal);
      onValues(
        network,
        metrics.map(metric => metric.ofTest?.(outcome)),
      );
      // Ten numbers a sample and network would be most of the memory that an evaluation takes.
      return outcome.predictions
        ? { ...outcome, predictions: { ...outcome.predictions, probabilities: null } }
        : outcome;
    },
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

function makeGroups(input: EvaluationInput): Group[] {
  const { originals, generated, baselines, networksPerBaseline } = input;
  const usable =
    networksPerBaseline > 0 ? baselines.filter(({ minOriginals }) => minOriginals <= originals.length) : [];
  return [
    { name: 'originals', title: 'training checkpoints', networks: originals, ...untested },
    { name: 'generated', title: 'generated networks', networks: generated, ...untested },
    ...usable.map(baseline => baselineGroup(baseline, input)),
  ];
}

const networksOf = (groups: readonly Group[]): NetworkToTest[] => groups.flatMap(({ networks }) => networks);

const noDistances = { rows: 0, columns: 0, values: new Float64Array(0) };
const untested = { distances: { raw: noDistances, asNoise: noDistances }, records: [], wrong: [] };

function baselineGroup(
  baseline: Baseline,
  { structure, originals, networksPerBaseline, seed }: EvaluationInput,
): Group {
  const sources = originals.map(network => network.source);
  const length = Math.min(networksPerBaseline, baseline.distinct ?? Infinity);
  return {
    name: `baseline: ${baseline.name}`,
    title: baseline.title,
    networks: Array.from({ length }, (_, which) => ({
      source: baseline.make({ structure, originals: sources, seed }, which),
      path: null,
    })),
    ...untested,
  };
}

/** Gives groups their records: those of their networks, in order. */
async function takeRecords(
  groups: readonly Group[],
  records: readonly TestRecord[],
  pause: () => Promise<void> | undefined,
): Promise<void> {
  let at = 0;
  for (const group of groups) {
    group.records = records.slice(at, (at += group.networks.length));
    group.wrong = group.records.map(({ outcome }) =>
      outcome?.predictions ? wrongSet(outcome.predictions.predicted, outcome.predictions.expected) : null,
    );
    await pause();
  }
}

/** What the verdict's errors over test samples are made of. */
const correctShares =
  (groups: readonly Group[]): CorrectShares =>
  wanted => {
    const predictions = groups
      .find(({ name }) => name === wanted)
      ?.records.flatMap(({ outcome }) => outcome?.predictions ?? []);
    if (!predictions || predictions.length === 0) return null;
    const share = new Float64Array(predictions[0]!.expected.length);
    for (const { predicted, expected } of predictions)
      for (let i = 0; i < share.length; i++) if (predicted[i] === expected[i]) share[i]! += 1 / predictions.length;
    return share;
  };

function observeNetwork(structure: Structure, group: Group, index: number, originals: Group): ObservedNetwork {
  const own = group === originals ? index : null; // an original is not compared with itself
  const nearest = nearestColumn(group.distances.raw, index, own);
  const { outcome, failure } = group.records[index]!;
  return {
    outcome,
    failure,
    wrong: group.wrong[index] ?? null,
    wrongOfOriginals: originals.wrong.flatMap((set, at) => (at === own ? [] : (set ?? []))),
    nearest: nearest && { name: originals.networks[nearest.column]!.source.name, distance: nearest.distance },
    weightNoise: nearestColumn(group.distances.asNoise, index, own)?.distance ?? null,
    defects: countDefects(structure, group.networks[index]!.source),
  };
}

/** What no metric tells is unknown. */
function networkRecord(
  name: string,
  group: NetworkGroup,
  values: readonly (NetworkValues | undefined)[],
): EvaluatedNetwork {
  const unknown: EvaluatedNetwork = {
    name,
    group,
    accuracy: null,
    loss: null,
    failure: null,
    maxIouWithOriginals: null,
    nearestDistance: null,
    nearest: null,
    nonFinite: 0,
    nonPositiveVariances: 0,
  };
  return values.reduce<EvaluatedNetwork>(withValues, unknown);
}

function groupRecord({ name, title }: Group, observed: ObservedGroup): EvaluationRow {
  const unknown: EvaluationRow = {
    group: name,
    title,
    count: observed.networks.length,
    failed: observed.networks.filter(network => network.failure !== null).length,
    accuracy: null,
    meanLoss: null,
    maxIouWithOriginals: null,
    iouInside: null,
    iouWithOriginals: null,
    nearestDistance: null,
    nearestDistanceRatio: null,
    novelty: [],
  };
  const values = metrics.map(metric => metric.ofGroup?.(observed));
  return values.reduce<EvaluationRow>(withValues, unknown);
}

/** Numbers without a field of their own are collected from all metrics. */
function withValues<R extends EvaluatedNetwork | EvaluationRow>(
  record: R,
  values: NetworkValues | RowValues | undefined,
): R {
  if (values?.metrics === undefined) return { ...record, ...values };
  return { ...record, ...values, metrics: { ...record.metrics, ...values.metrics } };
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
    const nearest = nearestColumn(generated.distances.raw, row, null);
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

/** Being far is no sign of being new where noise is as far. */
function noveltyNotes(rows: readonly EvaluationRow[]): string[] {
  const reached = rows.flatMap(({ group, novelty }) => {
    const level = noiseLevel(group);
    const first = novelty[0];
    return level !== null && first && first.share >= 0.5 ? [{ level, ...first }] : [];
  });
  const [weakest] = reached.toSorted((a, b) => a.level - b.level);
  return weakest
    ? [
        `Novelty misleads here: of originals with noise of ${weakest.level} alone, ${Math.round(100 * weakest.share)} % count as novel at τ = ${weakest.tau}.`,
      ]
    : [];
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
