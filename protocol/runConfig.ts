// Everything that changes a run's result, one field a line: kind, default, doc, unit and range. The type, the JSON schema,
// the validation and the forms are all derived from this table. Machine settings (device, folders, log level) are not here.

/** What a field may hold, and how it is shown. */
export interface Field<T> {
  readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'integers' | 'text';
  readonly default: T;
  readonly doc: string;
  readonly unit?: string;
  /** Inclusive range; of `integers`, of every entry. */
  readonly min?: number;
  readonly max?: number;
  /** Exclusive bounds, where the limit itself makes no sense (a learning rate of 0, a beta of 1). */
  readonly above?: number;
  readonly below?: number;
  /** How many entries `integers` may have. */
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Of a `choice`. */
  readonly values?: readonly string[];
  /** `null` is allowed and means what the doc says; `nullMeans` in a word. */
  readonly nullable?: boolean;
  readonly nullMeans?: string;
}

type Range = { min?: number; max?: number; above?: number; below?: number; unit?: string };
const integer = (value: number, doc: string, range: Range = {}): Field<number> => ({
  kind: 'integer',
  default: value,
  doc,
  ...range,
});
const integerOrNull = (
  value: number | null,
  nullMeans: string,
  doc: string,
  range: Range = {},
): Field<number | null> => ({
  kind: 'integer',
  default: value,
  doc,
  nullable: true,
  nullMeans,
  ...range,
});
const number = (value: number, doc: string, range: Range = {}): Field<number> => ({
  kind: 'number',
  default: value,
  doc,
  ...range,
});
const flag = (value: boolean, doc: string): Field<boolean> => ({ kind: 'boolean', default: value, doc });
const text = (value: string, doc: string): Field<string> => ({ kind: 'text', default: value, doc });
const integers = (
  value: readonly number[],
  doc: string,
  range: Range & { minItems?: number; maxItems?: number } = {},
): Field<readonly number[]> => ({
  kind: 'integers',
  default: value,
  doc,
  ...range,
});
const integersOrNull = (
  nullMeans: string,
  doc: string,
  range: Range & { minItems?: number; maxItems?: number } = {},
): Field<readonly number[] | null> => ({
  kind: 'integers',
  default: null,
  doc,
  nullable: true,
  nullMeans,
  ...range,
});
const choice = <const V extends readonly string[]>(values: V, value: V[number], doc: string): Field<V[number]> => ({
  kind: 'choice',
  values,
  default: value,
  doc,
});

/** The table. Names are the field's standard terms; method.md's sections are the source of the defaults. */
// prettier-ignore
export const runConfigFields = {
  name: text('', 'Tag of the run and of the files it generates; empty: the dataset\u2019s name'),
  dataset: text('', 'Registered dataset name, or a folder of checkpoints'),
  seed: integer(0, 'Seed of every random choice of the run', { min: 0, max: 2 ** 32 - 1 }),
  tokens: {
    dimPerToken: integer(64, 'Weights per token', { min: 8, max: 65536, unit: 'weights' }),
    split: choice(['layer', 'output', 'flat'], 'layer', 'How tensors are cut into tokens'),
    positionEmbedding: choice(['2d', '1d', 'none'], '2d', 'Sinusoids that tell the recurrent model where a token stands'),
    trainPositionEmbedding: flag(false, 'Let training change the position embedding'),
  },
  recurrent: {
    kind: choice(['mamba', 'lstm', 'transformer', 'gmlp'], 'mamba', 'The model from positions to prototypes'),
    dModel: integers([64], 'Width; with two entries (Mamba-2 only) the second layer reads the first and writes the second', { min: 8, max: 65536, minItems: 1, maxItems: 2 }),
    nLayers: integer(2, 'Layers', { min: 1, max: 64 }),
    dState: integer(16, 'Mamba-2: state size per head channel', { min: 1, max: 1024 }),
    dConv: integer(4, 'Mamba-2: width of the causal convolution', { min: 2, max: 4 }),
    expand: integer(2, 'Mamba-2 and gated MLP: inner width over dModel', { min: 1, max: 8 }),
    nHeads: integer(4, 'Transformer: attention heads', { min: 1, max: 256 }),
    dimHead: integer(16, 'Transformer: width of a head', { min: 1, max: 1024 }),
    dimFeedforward: integer(256, 'Transformer: hidden width of the MLP', { min: 1, max: 262144 }),
  },
  condition: {
    kind: choice(['none', 'task', 'taskFull'], 'none', 'What a network is generated for: nothing, or task bits (gated, or a condition for every token)'),
    dCondition: integer(1, 'Width of the condition', { min: 1, max: 65536 }),
    taskBits: integer(10, 'Binary digits of the class in the file name', { min: 1, max: 32 }),
    permutationState: flag(true, 'One trained embedding per training checkpoint; off with task conditions'),
  },
  diffusion: {
    enabled: flag(true, 'Off: prototypes are the tokens, by mean squared error (ablation)'),
    layerChannels: integers([1, 16, 32, 32, 32, 16, 1], 'Channels of the 1-D CNN: an odd count, the same read backwards, first and last 1', { min: 1, max: 4096, minItems: 5, maxItems: 65 }),
    kernelSize: integer(7, 'Width of its convolutions, odd', { min: 1, max: 31 }),
    T: integer(1000, 'Diffusion steps', { min: 2, max: 100000 }),
    betaStart: number(1e-4, 'First beta of the linear schedule', { above: 0, below: 1 }),
    betaEnd: number(0.02, 'Last beta of the linear schedule', { above: 0, below: 1 }),
    diffusionBatch: integerOrNull(null, 'all', 'Token rows of the batch that enter the loss each step; null, or more than there are: all', { min: 1, max: 100_000_000, unit: 'rows' }),
  },
  training: {
    batchSize: integer(8, 'Checkpoints per step', { min: 1, max: 4096, unit: 'checkpoints' }),
    steps: integer(2000, 'Training steps', { min: 1, max: 10_000_000, unit: 'steps' }),
    learningRate: number(3e-3, 'Peak learning rate', { above: 0, max: 10 }),
    warmupSteps: integer(0, 'Steps of linear warm-up before the cosine decay to 0', { min: 0, max: 10_000_000, unit: 'steps' }),
    schedule: choice(['cosine', 'constant'], 'cosine', 'Learning rate after the warm-up'),
    weightDecay: number(0, 'AdamW weight decay', { min: 0, max: 1 }),
    beta1: number(0.9, 'AdamW beta 1', { min: 0, below: 1 }),
    beta2: number(0.999, 'AdamW beta 2', { min: 0, below: 1 }),
    epsilon: number(1e-8, 'AdamW epsilon', { above: 0, max: 1 }),
    optimizerState: choice(['float32', 'uint8'], 'float32', 'AdamW state; uint8 takes a quarter of the memory (CUDA engine)'),
    precision: choice(['auto', 'float32', 'bfloat16'], 'auto', 'Arithmetic of the matrix products; auto: the engine\u2019s fastest that is known to be as good'),
    bfloat16Steps: integersOrNull('no window', 'First and last step of bfloat16 arithmetic, float32 before and after (CUDA engine); null: all steps in training.precision', { min: 1, max: 10_000_000, minItems: 2, maxItems: 2, unit: 'steps' }),
    saveEvery: integer(500, 'Steps between snapshots', { min: 1, max: 10_000_000, unit: 'steps' }),
    keepSnapshots: integer(3, 'Newest snapshots that stay on disk; 0: all', { min: 0, max: 10_000, unit: 'snapshots' }),
    evaluateEvery: integer(0, 'Steps between generate-and-test beside the training, from the snapshot of that step; 0: never', { min: 0, max: 10_000_000, unit: 'steps' }),
  },
} as const;

type Values<Table> = { -readonly [K in keyof Table]: Table[K] extends Field<infer T> ? T : Values<Table[K]> };

/** A complete configuration: every field present. */
export type RunConfig = Values<typeof runConfigFields>;

/** A complete configuration after `resolveConfig`: named, and nothing left to be chosen. */
export type ResolvedRunConfig = Omit<RunConfig, 'training'> & {
  training: Omit<RunConfig['training'], 'precision'> & { precision: 'float32' | 'bfloat16' };
};

/** What a person writes: any subset, over a preset. */
export type PartialRunConfig = {
  [K in keyof RunConfig]?: RunConfig[K] extends object ? Partial<RunConfig[K]> : RunConfig[K];
} & {
  preset?: string;
  /** How to learn, by a method's id; the run's record keeps it, and not its configuration. */
  method?: string;
};
