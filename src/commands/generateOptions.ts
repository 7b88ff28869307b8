// What else can be said of a generation than how many networks and how they are sampled: a menu of options, each with the value
// it has, open until one generates. The command line has the same under its own names.
import type { GenerateParams } from '../../protocol/generation';
import type { RunDetails } from '../../protocol/runs';
import type { Capabilities } from '../../protocol/session';
import { formatCount } from '../../shared/words';
import { etaProblem, fileNamePartProblem, wholeNumberProblem } from '../text/validate';
import { askFolder, askText, choose, type Choice } from './ask';
import { text, wholeNumber } from './command';

export type GenerateOptions = Pick<
  GenerateParams,
  'steps' | 'snapshot' | 'seed' | 'format' | 'test' | 'eta' | 'spacing' | 'permutation' | 'tag' | 'out'
>;

/** What the menu must know of the run and the sampler. */
export interface OptionFacts {
  readonly details: Pick<RunDetails, 'summary' | 'config' | 'dataset'>;
  readonly sampler: Pick<Capabilities['samplers'][number], 'options'>;
  /** Of the sampler, unless the person says otherwise. */
  readonly steps: number | undefined;
  /** How many networks, in words. */
  readonly what: string;
}

interface Option {
  readonly title: string;
  readonly isFor: (facts: OptionFacts) => boolean;
  readonly shown: (options: GenerateOptions, facts: OptionFacts) => string;
  /** Undefined: the person turned away, and nothing changes. */
  readonly ask: (facts: OptionFacts, options: GenerateOptions) => Thenable<GenerateOptions | undefined>;
}

const always = (): boolean => true;
const heeds =
  (option: 'steps' | 'spacing' | 'eta') =>
  ({ sampler }: OptionFacts): boolean =>
    sampler.options.includes(option);

const options: readonly Option[] = [
  {
    title: 'Snapshot',
    isFor: always,
    shown: ({ snapshot }) => (snapshot === undefined ? 'the newest' : `step ${formatCount(snapshot)}`),
    ask: ({ details }) =>
      pick('Snapshot', [
        ['The newest', { snapshot: undefined }],
        ...details.summary.snapshots
          .toReversed()
          .map((step): [string, GenerateOptions] => [`Step ${formatCount(step)}`, { snapshot: step }]),
      ]),
  },
  {
    title: 'Seed',
    isFor: always,
    shown: ({ seed }) => seed?.toString() ?? 'a random one, written beside the networks',
    ask: (_, { seed }) =>
      type('Seed', 'The same seed gives the same networks; empty for a random one', seed?.toString(), {
        problem: input => (input.trim() === '' ? null : wholeNumberProblem(input, { min: 0, max: 2 ** 32 - 1 })),
        read: input => ({ seed: input.trim() === '' ? undefined : Number(input) }),
      }),
  },
  {
    title: 'Steps',
    isFor: heeds('steps'),
    shown: ({ steps }, { steps: usual }) => (steps ?? usual ?? 0).toString(),
    ask: ({ details, steps: usual }, { steps }) =>
      type('Steps of DDIM', 'Fewer are faster', (steps ?? usual)?.toString(), {
        problem: input => wholeNumberProblem(input, { min: 1, max: details.config?.diffusion.T ?? 100_000 }),
        read: input => ({ steps: Number(input) }),
      }),
  },
  {
    title: 'Noise (eta)',
    isFor: heeds('eta'),
    shown: ({ eta }) => eta?.toString() ?? '0.05',
    ask: (_, { eta }) =>
      type('Noise of DDIM', 'From 0, the same path always, to 1, as much as DDPM', (eta ?? 0.05).toString(), {
        problem: etaProblem,
        read: input => ({ eta: Number(input) }),
      }),
  },
  {
    title: 'Steps visited',
    isFor: heeds('spacing'),
    shown: ({ spacing }) => spacing ?? 'published',
    ask: () =>
      pick('Steps visited', [
        ['As published', { spacing: 'published' }],
        ['Evenly spaced', { spacing: 'even' }],
      ]),
  },
  {
    title: 'Permutation state',
    isFor: ({ details }) => details.config?.condition.permutationState === true,
    shown: ({ permutation = 'random' }) => (permutation === 'random' ? 'drawn for each' : permutation.toString()),
    ask: ({ details }, { permutation }) => {
      const max = (details.dataset?.nCheckpoints ?? 1) - 1;
      return type(
        'Permutation state',
        `0 to ${max}, one a training checkpoint; empty to draw one for each network`,
        permutation === 'random' ? '' : permutation?.toString(),
        {
          problem: input => (input.trim() === '' ? null : wholeNumberProblem(input, { min: 0, max })),
          read: input => ({ permutation: input.trim() === '' ? undefined : Number(input) }),
        },
      );
    },
  },
  {
    title: 'File format',
    isFor: always,
    shown: ({ format }) => format ?? 'that of the training checkpoints',
    ask: () =>
      pick('File format', [
        ['That of the training checkpoints', { format: undefined }],
        ['PyTorch (.pth)', { format: 'pth' }],
        ['safetensors', { format: 'safetensors' }],
      ]),
  },
  {
    title: 'Test',
    isFor: always,
    shown: ({ test }) => (test ? "each network with the dataset's test" : 'none'),
    ask: () =>
      pick('Test', [
        ['None', { test: undefined }],
        ["Each network with the dataset's test", { test: true }],
      ]),
  },
  {
    title: 'Part of the file names',
    isFor: always,
    shown: ({ tag }) => tag ?? "the run's name",
    ask: (_, { tag }) =>
      type('Part of the file names', "Empty for the run's name", tag, {
        problem: input => (input === '' ? null : fileNamePartProblem(input)),
        read: input => ({ tag: input === '' ? undefined : input }),
      }),
  },
  {
    title: 'Folder',
    isFor: always,
    shown: ({ out }) => out ?? "a new one among the run's samples",
    ask: async () => {
      const out = await askFolder('Write Here', 'A folder for the networks');
      return out === undefined ? undefined : { out };
    },
  },
];

/** Undefined: the person turned away. */
export async function askOptions(facts: OptionFacts): Promise<GenerateOptions | undefined> {
  let values: GenerateOptions = {};
  const offered = options.filter(({ isFor }) => isFor(facts));
  for (;;) {
    const choices: Choice<Option | null>[] = [
      { label: `$(sparkle) Generate ${facts.what}`, value: null, reason: null },
      ...offered.map(option => ({
        label: option.title,
        description: option.shown(values, facts),
        value: option,
        reason: null,
      })),
    ];
    const chosen = await choose('Generate', 'What shall be different?', choices);
    if (chosen === undefined) return undefined;
    if (chosen === null) return values;
    values = { ...values, ...(await chosen.ask(facts, values)) };
  }
}

/** All but the steps, which belong to the sampler: those of a keybinding or a task; the sidecar looks at every value. */
export function optionsOf(given: Readonly<Record<string, unknown>>): GenerateOptions {
  const { permutation, format, spacing } = given;
  return {
    snapshot: wholeNumber(given.snapshot),
    seed: wholeNumber(given.seed),
    format: format === 'pth' || format === 'safetensors' ? format : undefined,
    test: given.test === true ? true : undefined,
    eta: typeof given.eta === 'number' ? given.eta : undefined,
    spacing: spacing === 'published' || spacing === 'even' ? spacing : undefined,
    permutation: permutation === 'random' ? permutation : wholeNumber(permutation),
    tag: text(given.tag),
    out: text(given.out),
  };
}

const pick = (title: string, values: readonly [string, GenerateOptions][]): Promise<GenerateOptions | undefined> =>
  choose(
    title,
    '',
    values.map(([label, value]) => ({ label, value, reason: null })),
  );

async function type(
  title: string,
  prompt: string,
  value: string | undefined,
  { problem, read }: { problem: (input: string) => string | null; read: (input: string) => GenerateOptions },
): Promise<GenerateOptions | undefined> {
  const answer = await askText({ title, prompt, value, problem });
  return answer === undefined ? undefined : read(answer);
}
