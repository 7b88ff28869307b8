// The record of one evaluation: what evaluations/NNNN.json holds, what the report and the results view show. Plain JSON.
// Accuracy and shares are fractions in [0, 1]; losses are mean cross entropies in nats; distances are Euclidean over all
// generated weights (fixed tensors left out), in the weights' own units; `null` means "could not be measured", never zero.
import { described, operation, type Progress } from './operation';
import { runArgument, runRow } from './runWords';

/** Five numbers of a set of values. */
export interface Summary {
  readonly count: number;
  readonly best: number;
  readonly mean: number;
  readonly min: number;
  /** Unbiased standard deviation; 0 for a single value. */
  readonly sd: number;
}

/** Where a network comes from. A baseline is named like `noise 0.03`. */
export type NetworkGroup = 'originals' | 'generated' | `baseline: ${string}`;

/** One line of the table: a group of networks judged by the same test. */
export interface EvaluationRow {
  readonly group: NetworkGroup;
  readonly title: string;
  /** Networks in the group, and how many of them the test failed on. */
  readonly count: number;
  readonly failed: number;
  readonly accuracy: Summary | null;
  readonly meanLoss: number | null;
  /** Mean over the group of each network's highest IoU of wrong predictions with an original (itself excluded). */
  readonly maxIouWithOriginals: number | null;
  /** Mean IoU over all pairs inside the group; null for fewer than two networks. */
  readonly iouInside: number | null;
  /** Mean IoU over all pairs of one network of the group and one original; null for the originals themselves. */
  readonly iouWithOriginals: number | null;
  /** Mean distance to the nearest original (itself excluded). */
  readonly nearestDistance: number | null;
  /** Mean of that distance over the originals' leave-one-out median. */
  readonly nearestDistanceRatio: number | null;
  readonly novelty: readonly NoveltyShare[];
  /** What has no field of its own, by the id of its column; absent where nothing is known, and in older records. */
  readonly metrics?: Readonly<Record<string, number | null>>;
}

/** Share of a group that is performant and novel. */
export interface NoveltyShare {
  /** Novel: nearest distance at least tau × the originals' leave-one-out median. */
  readonly tau: number;
  /** Networks that are novel *and* within 0.01 of the originals' mean accuracy, over all networks of the group. */
  readonly share: number;
}

/** One network. */
export interface EvaluatedNetwork {
  readonly name: string;
  readonly group: NetworkGroup;
  readonly accuracy: number | null;
  readonly loss: number | null;
  /** Why the test gave no accuracy, with the end of its output. */
  readonly failure: string | null;
  readonly maxIouWithOriginals: number | null;
  readonly nearestDistance: number | null;
  /** Name of the nearest original. */
  readonly nearest: string | null;
  /** NaN or infinite values. */
  readonly nonFinite: number;
  /** Batch-norm variances ≤ 0. */
  readonly nonPositiveVariances: number;
  /** As `EvaluationRow.metrics`. */
  readonly metrics?: Readonly<Record<string, number | null>>;
}

/** Of the networks whose predictions are known: originals first, then generated, in the order of `names`. */
export interface IouMatrix {
  readonly names: readonly string[];
  readonly originals: number;
  /** Symmetric, one on the diagonal. */
  readonly values: readonly (readonly number[])[];
}

/** Majority vote of all networks of a set. */
interface EnsembleResult {
  readonly title: string;
  readonly networks: number;
  readonly accuracy: number;
}

/** The network half-way between a generated one and its nearest original. A large barrier means another basin. */
export interface MidpointResult {
  readonly name: string;
  readonly nearest: string;
  readonly accuracy: number;
  /** Mean accuracy of the two ends minus the midpoint's. */
  readonly barrier: number;
}

/** A tensor's mean and standard deviation in the originals and in the generated networks. */
export interface LayerHealth {
  readonly name: string;
  readonly originals: { readonly mean: number; readonly std: number };
  readonly generated: { readonly mean: number; readonly std: number };
}

/** Distribution of a tensor's weights; both histograms share the edges. */
export interface LayerHistogram {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Share of the finite weights in each of the equal bins. */
  readonly originals: readonly number[];
  readonly generated: readonly number[];
}

interface Diversity {
  /** Mean distance over all pairs of generated networks, and of originals. */
  readonly generatedSpread: number | null;
  readonly originalSpread: number | null;
  /** Originals that are the nearest one of some generated network. */
  readonly covered: number;
  readonly originals: number;
}

/** Everything measured. */
export interface EvaluationResult {
  readonly formatVersion: 1;
  /** What judged the networks: the built-in test's recipe, the command line, or nothing where only weights are compared. */
  readonly test: {
    readonly kind: 'built-in' | 'external' | 'none';
    readonly title: string;
    readonly samples: number | null;
  };
  readonly seed: number;
  /** Elapsed time of the whole evaluation. */
  readonly elapsedMs: number;
  /** Originals, generated, then one row a baseline. */
  readonly rows: readonly EvaluationRow[];
  readonly networks: readonly EvaluatedNetwork[];
  readonly iou: IouMatrix | null;
  /** Median over the originals of the distance to the nearest other original; null for fewer than two. */
  readonly leaveOneOutMedian: number | null;
  readonly diversity: Diversity;
  readonly ensembles: readonly EnsembleResult[];
  readonly midpoints: readonly MidpointResult[];
  readonly health: readonly LayerHealth[];
  readonly histograms: readonly LayerHistogram[];
  /**
   * The table in a few sentences: the generated networks beside noise of equal similarity and the best simple rival. Always said,
   * with the reason where it cannot be; older records may have none.
   */
  readonly verdict?: string | null;
  /** What the reader must know, such as originals that could not be tested. */
  readonly notes: readonly string[];
}

/** `evaluations/NNNN.json` of a run. */
export interface EvaluationRecord {
  readonly run: string;
  /** Folder of the generated networks. */
  readonly generated: string;
  /** What it took to sample one network; null where they were not made by this run's `generate`. */
  readonly generation: {
    readonly msPerNetwork: number;
    /** Of the process, and of the card where it was one. */
    readonly peakBytes: number | null;
    readonly deviceBytes?: number | null;
    readonly device: string;
  } | null;
  readonly evaluation: EvaluationResult;
}

/** What `evaluate` is asked. */
export interface EvaluateParams {
  /** Folder of the training checkpoints (or of NAME/checkpoint). */
  readonly dataset: string;
  /** Which tensor dictionary of each checkpoint; absent: the likeliest network. */
  readonly key?: string;
  /** Folder of the generated networks, or their files. */
  readonly generated: string | readonly string[];
  /** `python test.py {file}`; null: the built-in test of the zoo recipe the checkpoints belong to. */
  readonly testCommand: string | null;
  /** Test nothing, even where there is a test: networks are compared by their weights. */
  readonly weightsOnly?: boolean;
  /** Of one run of the test command. */
  readonly timeLimitSeconds: number;
  /** Test commands run at the same time. */
  readonly concurrency: number;
  /** Regular expression whose first group is the accuracy; null: finds `Acc: 0.8793` and the like. */
  readonly accuracyPattern: string | null;
  /** Networks made of each trivial baseline; 0: no baselines. */
  readonly networksPerBaseline: number;
  /** Generated networks whose midpoint towards the nearest original is tested. */
  readonly midpoints: number;
  readonly seed: number;
}

/** Everything `evaluate` can assume when a person says nothing. */
export const evaluateDefaults = {
  testCommand: null,
  timeLimitSeconds: 600,
  concurrency: 2,
  accuracyPattern: null,
  networksPerBaseline: 10,
  midpoints: 10,
  seed: 0,
} as const satisfies Partial<EvaluateParams>;

export interface EvaluateRunParams extends Partial<
  Omit<EvaluateParams, 'dataset' | 'key' | 'generated' | 'testCommand'>
> {
  run: string;
  /** Folder of networks to judge; the ones generated last by default, and ten new ones where there are none. */
  generated?: string;
  /** How many to generate where there are none. */
  count?: number;
  /** `python test.py {file}`; the dataset's registered test by default, else the built-in one of a built-in zoo. */
  test?: string;
  /** File to write a self-contained HTML report to. */
  report?: string;
  /** Folder to write CSV tables to. */
  csv?: string;
}

export interface EvaluateRunResult extends EvaluationRecord {
  /** Where the record is kept. */
  file: string;
  report: string | null;
  tables: string[];
}

/** Judges a run's generated networks beside its training checkpoints and the trivial baselines. */
export const evaluateRun = described(operation<EvaluateRunParams, EvaluateRunResult, Progress>('evaluateRun'), {
  activity: 'Evaluating',
  params: {
    run: runArgument,
    generated: {
      kind: 'text',
      placeholder: 'folder',
      help: 'networks to judge (default: those generated last; ten new ones where there are none)',
    },
    count: { kind: 'whole', placeholder: 'n', help: 'how many to generate where there are none' },
    report: { kind: 'text', placeholder: 'file', help: 'write a self-contained HTML report' },
    csv: { kind: 'text', placeholder: 'folder', help: 'write tables and the similarity matrix as CSV' },
    test: {
      kind: 'text',
      placeholder: 'command',
      help: 'how a checkpoint is tested, such as "python test.py {file}"',
    },
    weightsOnly: { kind: 'flag', name: 'no-test', help: 'compare weights only: distances, spread and health' },
    timeLimitSeconds: {
      kind: 'real',
      name: 'time-limit',
      placeholder: 'seconds',
      help: 'of one test (default: 600)',
    },
    concurrency: { kind: 'whole', placeholder: 'n', help: 'tests at the same time (default: 2)' },
    accuracyPattern: {
      kind: 'text',
      placeholder: 'regexp',
      help: 'its first group is the accuracy in the test’s output',
    },
    networksPerBaseline: {
      kind: 'whole',
      placeholder: 'n',
      help: 'networks made of each trivial baseline; 0: none (default: 10)',
    },
    midpoints: {
      kind: 'whole',
      placeholder: 'n',
      help: 'midpoints towards the nearest checkpoint to test (default: 10)',
    },
    seed: { kind: 'whole', placeholder: 'n', help: 'of the baselines' },
  },
  cli: {
    name: 'evaluate',
    description: 'judge generated networks: accuracy, similarity, novelty, beside trivial baselines',
  },
  editor: {
    command: 'rpg.evaluate',
    title: 'Evaluate',
    icon: '$(checklist)',
    enablement: 'rpg.hasSnapshot',
    menus: [{ menu: 'view/item/context', when: `${runRow('.*hasSnapshot')} && !listMultiSelection`, group: '3_use@4' }],
  },
});

/** Writes a kept evaluation, the newest by default, as a self-contained HTML report. */
export const exportReport = operation<
  { run: string; evaluation?: string; out: string },
  { file: string; sizeBytes: number }
>('exportReport');
