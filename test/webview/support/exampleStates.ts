// States as the host posts them, made small or large by numbers. The evaluation follows the measurements of a published run on
// fifty neighbouring checkpoints: generated networks lie between the originals and noise of 0.03.
import type { EvaluatedNetwork, EvaluationResult, EvaluationRow, NetworkGroup } from '../../../protocol/evaluation';
import { runConfigFields, type ResolvedRunConfig } from '../../../protocol/runConfig';
import type { RunStatus, RunSummary } from '../../../protocol/runRecords';
import type { MetricsChunk, RunView, ViewState } from '../../../protocol/view';

/** Uniform in [0, 1), the same for the same index. */
const chance = (index: number): number => {
  const x = Math.sin(index * 12.9898 + 78.233) * 43758.5453;
  return x - Math.floor(x);
};

export const exampleRun = (id: string, status: RunStatus = 'running'): RunSummary => ({
  id,
  folder: `/workspace/.rpg/runs/${id}`,
  status,
  name: 'fashion',
  dataset: 'fashion-cnnsmall',
  createdAt: '2026-01-05T10:00:00.000Z',
  step: status === 'finished' ? 2000 : 1234,
  steps: 2000,
  loss: 0.0421,
  engine: 'portable',
  device: 'wasm',
  pid: status === 'running' ? 4711 : null,
  snapshots: [500, 1000],
  problem: null,
  revision: '1',
});

/** Defaults, with what the caller changes. */
export function exampleConfig(changes: Partial<ResolvedRunConfig> = {}): ResolvedRunConfig {
  const defaults = (table: object): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(table).map(([name, field]: [string, object]) => [
        name,
        'default' in field ? field.default : defaults(field),
      ]),
    );
  // The cast: the table's defaults are a configuration, but for `precision`, which is resolved here.
  const config = defaults(runConfigFields) as unknown as ResolvedRunConfig;
  return { ...config, training: { ...config.training, precision: 'float32' }, dataset: 'fashion-cnnsmall', ...changes };
}

const baselines = [
  'noise 0.01',
  'noise 0.03',
  'noise 0.1',
  'midpoints',
  'averages of 16',
  'per-weight Gaussian',
] as const;

/** Centre of a group's accuracy and of its highest IoU. */
const centres: Readonly<Record<string, readonly [number, number]>> = {
  originals: [0.879, 0.978],
  generated: [0.8772, 0.887],
  'baseline: noise 0.01': [0.8787, 0.961],
  'baseline: noise 0.03': [0.877, 0.889],
  'baseline: noise 0.1': [0.8594, 0.661],
  'baseline: midpoints': [0.8794, 0.969],
  'baseline: averages of 16': [0.8794, 0.969],
  'baseline: per-weight Gaussian': [0.8793, 0.964],
};

export function exampleEvaluation(nOriginals = 20, nGenerated = 10): EvaluationResult {
  const groups: readonly (readonly [NetworkGroup, number])[] = [
    ['originals', nOriginals],
    ['generated', nGenerated],
    ...baselines.map(name => [`baseline: ${name}`, 10] as const),
  ];
  let at = 0;
  const networks = groups.flatMap(([group, count]) =>
    Array.from({ length: count }, (_, index): EvaluatedNetwork => {
      const [accuracy, iou] = centres[group]!;
      at++;
      return {
        name: `${group.replace('baseline: ', '')}-${(index + 1).toString().padStart(4, '0')}.pth`,
        group,
        accuracy: accuracy + 0.003 * (chance(at) - 0.5),
        loss: 0.34 + 0.02 * chance(at + 1000),
        failure: null,
        maxIouWithOriginals: Math.min(1, iou + 0.03 * (chance(at + 2000) - 0.5)),
        nearestDistance: 1.4 * (1 - iou),
        nearest: `originals-${(1 + (index % nOriginals)).toString().padStart(4, '0')}.pth`,
        nonFinite: 0,
        nonPositiveVariances: 0,
      };
    }),
  );
  const names = networks.filter(({ group }) => group === 'originals' || group === 'generated').map(({ name }) => name);
  const layers = ['conv1.weight', 'conv1.bias', 'fc.weight', 'fc.bias'];
  const bell = (centre: number): number[] => {
    const heights = Array.from({ length: 32 }, (_, bin) => Math.exp(-(((bin - centre) / 6) ** 2)));
    const sum = heights.reduce((a, b) => a + b);
    return heights.map(height => height / sum);
  };
  return {
    formatVersion: 1,
    test: { kind: 'built-in', title: 'Fashion-MNIST, CNN-small', samples: 10_000 },
    seed: 0,
    elapsedMs: 83_000,
    rows: groups.map(([group]) => row(group, networks)),
    networks,
    iou: {
      names,
      originals: nOriginals,
      values: names.map((_, i) =>
        names.map((__, j) => {
          if (i === j) return 1;
          const isOriginal = [i, j].filter(index => index < nOriginals).length;
          return [0.83, 0.86, 0.92][isOriginal]! + 0.04 * chance(Math.min(i, j) * 1009 + Math.max(i, j));
        }),
      ),
    },
    leaveOneOutMedian: 0.0064,
    diversity: { generatedSpread: 0.41, originalSpread: 0.03, covered: 7, originals: nOriginals },
    ensembles: [
      { title: 'originals', networks: nOriginals, accuracy: 0.8801 },
      { title: 'generated', networks: nGenerated, accuracy: 0.8799 },
      { title: 'both', networks: nOriginals + nGenerated, accuracy: 0.8803 },
    ],
    midpoints: [{ name: 'generated-0001.pth', nearest: 'originals-0007.pth', accuracy: 0.8788, barrier: 0.0003 }],
    health: layers.map((name, index) => ({
      name,
      originals: { mean: 0.01 * index, std: 0.2 },
      generated: { mean: 0.01 * index + 0.001, std: 0.19 },
    })),
    histograms: layers.map((name, index) => ({
      name,
      low: -0.5,
      high: 0.5,
      originals: bell(15 + index),
      generated: bell(16 + index),
    })),
    verdict:
      'The generated networks are worth about as much as noise: they are as accurate (0.07 points more accurate, standard error 0.06 over networks and samples) as originals with noise of about 0.031, which are as similar to the originals (highest IoU 0.855).',
    notes: ['1 original could not be tested: it timed out after 600 s.'],
  };
}

function row(group: NetworkGroup, networks: readonly EvaluatedNetwork[]): EvaluationRow {
  const own = networks.filter(network => network.group === group);
  const accuracies = own.map(network => network.accuracy!);
  const mean = accuracies.reduce((a, b) => a + b, 0) / accuracies.length;
  const [, iou] = centres[group]!;
  const title = group.replace('baseline: ', '');
  return {
    group,
    title: title[0]!.toUpperCase() + title.slice(1),
    count: own.length,
    failed: 0,
    accuracy: { count: own.length, best: Math.max(...accuracies), mean, min: Math.min(...accuracies), sd: 0.0009 },
    meanLoss: 0.3456,
    maxIouWithOriginals: iou,
    iouInside: iou - 0.05,
    iouWithOriginals: group === 'originals' ? null : iou - 0.07,
    nearestDistance: 1.4 * (1 - iou),
    nearestDistanceRatio: (1.4 * (1 - iou)) / 0.0064,
    novelty: [1, 2, 4].map(tau => ({ tau, share: group === 'originals' ? 0.5 / tau : 0.9 / tau })),
  };
}

export function exampleView(id: string, status: RunStatus = 'running', changes: Partial<RunView> = {}): RunView {
  const summary = exampleRun(id, status);
  return {
    summary,
    config: exampleConfig(),
    dataset: {
      name: 'fashion-cnnsmall',
      folder: '/zoo/checkpoint',
      fingerprint: 'ab12',
      nCheckpoints: 50,
      nTokens: 44,
      nWeights: 2464,
    },
    engine: { engine: 'portable', device: 'wasm', description: 'WebAssembly SIMD, 2 threads', reasons: [] },
    failure: null,
    evaluation: {
      id: '0001',
      file: `${summary.folder}/evaluations/0001.json`,
      createdAt: '2026-01-05T11:00:00.000Z',
      result: exampleEvaluation(),
      all: [{ id: '0001', createdAt: '2026-01-05T11:00:00.000Z' }],
    },
    duringTraining: [],
    samples: [
      {
        folder: `${summary.folder}/samples/0001`,
        title: '0001',
        step: 1000,
        msPerNetwork: 812,
        peakMemoryBytes: 420e6,
        networks: Array.from({ length: 3 }, (_, index) => ({
          file: `${summary.folder}/samples/0001/generated_fashion_000${index.toString()}.pth`,
          accuracy: 0.877 + index * 0.001,
          nNotFinite: index === 2 ? 5 : 0,
        })),
      },
    ],
    files: [
      { path: `${summary.folder}/run.json`, title: 'run.json', kind: 'file' },
      { path: `${summary.folder}/metrics.jsonl`, title: 'metrics.jsonl', kind: 'file' },
      { path: summary.folder, title: 'Run folder', kind: 'folder' },
    ],
    blocked: {},
    ...changes,
  };
}

export function exampleState(selected: readonly RunView[], changes: Partial<ViewState> = {}): ViewState {
  return {
    status: { kind: 'ready' },
    runs: [...selected.map(view => view.summary), exampleRun('0001-fashion', 'finished')],
    nDatasets: 1,
    selected,
    live: selected.map(view => ({
      run: view.summary.id,
      message: '',
      step: view.summary.step,
      loss: view.summary.loss,
      memoryBytes: 1.9e9,
      msPerStep: 41.3,
      remainingMs: 31_600,
      elapsedMs: 51_000,
    })),
    jobs: [],
    ...changes,
  };
}

/** A falling, noisy loss from step `from + 1` on; of every run another. */
export function exampleMetrics(run: string, from: number, count: number): MetricsChunk {
  const indices = Array.from({ length: count }, (_, index) => from + index);
  const decay = run.startsWith('0002') ? 300 : 450;
  return {
    run,
    from,
    steps: indices.map(index => index + 1),
    loss: indices.map(
      index => 0.03 + 0.97 * Math.exp(-index / decay) + 0.02 * chance(index) ** 4 * (1 + Math.exp(-index / 900)),
    ),
    learningRate: indices.map(index => 1.5e-3 * (1 + Math.cos((Math.PI * index) / 2000))),
  };
}
