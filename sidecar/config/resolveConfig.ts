// Second half of reading a configuration: how its fields fit each other, the dataset and the engine. After it nothing is
// left to be chosen. All problems of both halves are reported together.
import type { ConfigProblem } from '../../protocol/runRecords';
import type { ResolvedRunConfig, RunConfig } from '../../protocol/runConfig';
import { recurrentRules } from '../model/recurrent/registry';
import { draftConfig, type ConfigDraft, type ConfigSources } from './draftConfig';
import type { Preset } from './presets';
import { configInvalid } from './problems';

/** One checkpoint cut into tokens; a method knows more of it. */
interface CutCheckpoint {
  readonly nTokens: number;
}

/** What a configuration must know about its dataset. */
export interface DatasetFacts<Cut extends CutCheckpoint = CutCheckpoint> {
  readonly name: string;
  readonly nCheckpoints: number;
  cut(how: Pick<RunConfig['tokens'], 'dimPerToken' | 'split'>): Cut;
  /** Class number of every checkpoint, from its file name; null when at least one has none. */
  readonly classes: readonly number[] | null;
}

/** What a configuration must know about the engine it will run on. */
export interface EngineFacts {
  readonly name: string;
  /** What `precision: auto` means there. */
  readonly fastPrecision: 'float32' | 'bfloat16';
  readonly precisions: readonly string[];
  readonly optimizerStates: readonly string[];
}

export interface ConfigFacts<Cut extends CutCheckpoint = CutCheckpoint> {
  /** Problems instead of facts when the dataset could not be opened: they join the others. */
  dataset: DatasetFacts<Cut> | { problems: readonly ConfigProblem[] };
  engine: EngineFacts;
}

/**
 * Merges, validates and completes a configuration: both halves, for tests.
 * @internal
 * *Errors* `config-invalid` with every problem: path, source, value seen, what is allowed.
 */
export function resolveConfig<Cut extends CutCheckpoint>(
  sources: ConfigSources,
  presets: readonly Preset[],
  facts: ConfigFacts<Cut>,
): CompleteConfig<Cut> {
  return completeConfig(draftConfig(sources, presets), facts);
}

/** A configuration, and a checkpoint of its dataset cut as it says. */
export interface CompleteConfig<Cut> {
  config: ResolvedRunConfig;
  cut: Cut;
}

/** The second half alone, for a caller that read the dataset's name from the draft. *Errors* as `resolveConfig`. */
export function completeConfig<Cut extends CutCheckpoint>(
  draft: ConfigDraft,
  facts: ConfigFacts<Cut>,
): CompleteConfig<Cut> {
  const { config, givenBy, faulty } = draft;
  // A task-conditioned model has no permutation state; only who asked for both is told.
  if (config.condition.kind !== 'none' && !givenBy.has('condition.permutationState')) {
    config.condition.permutationState = false;
  }
  const dataset = 'problems' in facts.dataset ? null : facts.dataset;
  const problems = [...draft.problems];
  const known = dataset && !faulty.has('tokens.dimPerToken') && !faulty.has('tokens.split');
  const cut = known ? dataset.cut(config.tokens) : null;
  const nTokens = cut && cut.nTokens;
  for (const rule of rules) {
    if (rule.reads.some(path => faulty.has(path))) continue;
    const message = rule.fault(config, { dataset, engine: facts.engine, nTokens });
    if (message === null) continue;
    const path = rule.reads[0]!;
    problems.push({ path, source: givenBy.get(path) ?? 'default', message });
  }
  if ('problems' in facts.dataset && !faulty.has('dataset')) problems.push(...facts.dataset.problems);
  if (problems.length > 0 || dataset === null || cut === null) throw configInvalid(problems);
  const { precision } = config.training;
  return {
    cut,
    config: {
      ...config,
      name: config.name || dataset.name,
      training: { ...config.training, precision: precision === 'auto' ? facts.engine.fastPrecision : precision },
    },
  };
}

interface Seen {
  dataset: DatasetFacts | null;
  engine: EngineFacts;
  nTokens: number | null;
}

/** One way in which fields must fit together. The first path carries the message. */
interface Rule {
  readonly reads: readonly string[];
  fault(config: RunConfig, seen: Seen): string | null;
}

/** Tokens a task's condition is added to, counted from the end. */
const gatedTokens = 8;

const rules: readonly Rule[] = [
  ...recurrentRules.map(({ reads, fault }): Rule => ({
    reads: reads.map(field => `recurrent.${field}`),
    fault: ({ recurrent }) => fault(recurrent),
  })),
  {
    reads: ['recurrent.dModel', 'tokens.positionEmbedding'],
    fault({ recurrent: { dModel }, tokens: { positionEmbedding } }) {
      const multiple = { '2d': 4, '1d': 2, none: 1 }[positionEmbedding];
      if (dModel[0]! % multiple === 0) return null;
      return `${dModel[0]!} is not a multiple of ${multiple}, which the ${positionEmbedding} position embedding needs`;
    },
  },
  {
    reads: ['diffusion.layerChannels'],
    fault({ diffusion: { layerChannels } }) {
      const ends = layerChannels[0] === 1 && layerChannels.at(-1) === 1;
      const mirrored = layerChannels.every((channels, i) => channels === layerChannels.at(-1 - i));
      if (ends && mirrored && layerChannels.length % 2 === 1) return null;
      return `[${layerChannels.join(', ')}] must have an odd count, begin and end with 1 and read the same backwards, such as [1, 16, 32, 16, 1]`;
    },
  },
  {
    reads: ['diffusion.kernelSize'],
    fault: ({ diffusion: { kernelSize } }) =>
      kernelSize % 2 === 1 ? null : `${kernelSize} is even; give an odd width, such as 7`,
  },
  {
    reads: ['diffusion.betaEnd', 'diffusion.betaStart'],
    fault: ({ diffusion: { betaStart, betaEnd } }) =>
      betaEnd >= betaStart ? null : `${betaEnd} is below diffusion.betaStart ${betaStart}; the schedule must not fall`,
  },
  {
    reads: ['diffusion.enabled', 'tokens.dimPerToken', 'recurrent.dModel'],
    fault({ diffusion: { enabled }, tokens: { dimPerToken }, recurrent: { dModel } }) {
      if (enabled || dModel.at(-1) === dimPerToken) return null;
      return `without diffusion a prototype is a token, so recurrent.dModel (${dModel.at(-1)!}) must equal tokens.dimPerToken (${dimPerToken})`;
    },
  },
  {
    reads: ['condition.permutationState', 'condition.kind'],
    fault: ({ condition: { kind, permutationState } }) =>
      permutationState && kind !== 'none'
        ? `true does not go with condition.kind ${kind}; leave it out or false`
        : null,
  },
  {
    reads: ['condition.kind', 'condition.taskBits'],
    fault({ condition: { kind, taskBits } }, { dataset, nTokens }) {
      if (kind === 'none' || dataset === null) return null;
      if (dataset.classes === null) {
        return `${kind} needs a class in every file name (…_class0279_…), and at least one of dataset ${dataset.name} has none; use none`;
      }
      const largest = dataset.classes.reduce((a, b) => Math.max(a, b), 0);
      if (largest >= 2 ** taskBits) {
        return `class ${largest} of dataset ${dataset.name} needs more than condition.taskBits ${taskBits} binary digits`;
      }
      return kind === 'task' && nTokens !== null && nTokens < gatedTokens
        ? `task conditions the last ${gatedTokens} tokens, and a checkpoint has ${nTokens}; lower tokens.dimPerToken`
        : null;
    },
  },
  {
    reads: ['training.warmupSteps', 'training.steps'],
    fault: ({ training: { warmupSteps, steps } }) =>
      warmupSteps < steps
        ? null
        : `${warmupSteps} is not below training.steps ${steps}; nothing would be left to train`,
  },
  {
    reads: ['training.precision'],
    fault: ({ training: { precision } }, { engine }) =>
      precision === 'auto' || engine.precisions.includes(precision)
        ? null
        : `the ${engine.name} engine does not offer ${precision}; give auto or ${engine.precisions.join(', ')}`,
  },
  {
    reads: ['training.bfloat16Steps', 'training.precision'],
    fault({ training: { bfloat16Steps, precision } }, { engine }) {
      if (bfloat16Steps === null) return null;
      const [first, last] = bfloat16Steps as [number, number];
      if (first > last) return `[${first}, ${last}] ends before it begins; give the first and the last step`;
      if (!engine.precisions.includes('bfloat16'))
        return `the ${engine.name} engine does not offer bfloat16; give null`;
      return precision === 'float32'
        ? 'steps in bfloat16 do not go with training.precision float32; give auto or null'
        : null;
    },
  },
  {
    reads: ['training.optimizerState'],
    fault: ({ training: { optimizerState } }, { engine }) =>
      engine.optimizerStates.includes(optimizerState)
        ? null
        : `the ${engine.name} engine does not offer ${optimizerState}; give ${engine.optimizerStates.join(', ')}`,
  },
  {
    reads: ['dataset'],
    fault: ({ dataset }) =>
      dataset === ''
        ? 'is missing; name a registered dataset or a folder of checkpoints, in a file as "dataset"'
        : null,
  },
];
