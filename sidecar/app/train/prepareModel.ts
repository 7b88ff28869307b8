// From a complete configuration to an open model with its tokens: what `train` and `resume` have in common.
import * as path from 'node:path';
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import { toModelSpec } from '../../config/toModelSpec';
import type { Model } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { createPositionEmbedding } from '../../tokenizer/positionEmbedding';
import type { Structure } from '../../tokenizer/structure';
import { createTokenLayout, type TokenLayout } from '../../tokenizer/tokenLayout';
import type { MemoryEstimate } from '../../methods/rpg/memoryEstimate';
import { openForTraining } from '../../methods/rpg/precision';
import type { ChosenDevice } from './chooseDevice';
import { checkMemory, describeEstimate, deviceMemoryBytes, freeMemoryBytes, trainingMemoryOf } from './memoryCheck';
import { taskMatrix } from './openDataset';
import { openTokenSource, tokenBytes, type OpenTokenSource } from '../../methods/rpg/tokenSource';

export interface PrepareInput {
  workspace: string;
  config: ResolvedRunConfig;
  chosen: ChosenDevice;
  workers: number;
  dataset: { folder: string; key: string; fingerprint: string; fileNames: readonly string[]; structure: Structure };
  force: boolean;
  /** A line for people, such as the memory estimate. */
  say: (message: string) => void;
  signal: AbortSignal;
}

export interface PreparedModel {
  spec: ModelSpec;
  model: Model;
  tokens: OpenTokenSource;
  tasks: Float32Array | null;
  estimate: MemoryEstimate;
  /** What a person should know of the dataset. */
  notes: readonly string[];
}

/** Tokens held in memory take at most this share of what is free; larger sets are read from a file. */
const tokenMemoryShare = 0.25;

export interface PlannedModel {
  layout: TokenLayout;
  spec: ModelSpec;
  estimate: MemoryEstimate;
  /** Free on the device, or on the host where the device uses its memory. */
  freeBytes: number;
}

/** What will be opened, and what it will need; nothing is opened yet. */
export async function planModel({ config, chosen, dataset, workers }: PrepareInput): Promise<PlannedModel> {
  const { dimPerToken, split } = config.tokens;
  const layout = createTokenLayout(dataset.structure, dimPerToken, split);
  const spec = toModelSpec(config, { nCheckpoints: dataset.fileNames.length, nTokens: layout.nTokens });
  const estimate = await trainingMemoryOf(chosen.device, spec, config.training, workers);
  return { layout, spec, estimate, freeBytes: deviceMemoryBytes(chosen.device, chosen.probe.memoryBytes) };
}

/** *Errors* `memory-too-small`, and those of reading the dataset and opening the device. */
export async function prepareModel(input: PrepareInput): Promise<PreparedModel> {
  const { config, chosen, dataset, workers, signal, say } = input;
  const { structure, fileNames } = dataset;
  const { optimizerState } = config.training;
  const { layout, spec, estimate, freeBytes } = await planModel(input);
  for (const remark of chosen.remarks) say(remark);
  say(`${describeEstimate(estimate)}; tokens ${(tokenBytes(fileNames.length, layout) / 1e9).toFixed(3)} GB`);
  checkMemory(estimate, freeBytes, chosen.probe.device, input.force);
  const tokens = await openTokenSource(
    {
      structure,
      layout,
      key: dataset.key,
      fingerprint: dataset.fingerprint,
      files: fileNames.map(name => path.join(dataset.folder, name)),
    },
    {
      cacheFolder: path.join(input.workspace, '.rpg', 'cache'),
      memoryLimitBytes: tokenMemoryShare * freeMemoryBytes(),
      onProgress: (_, message) => say(`reading ${message}`),
      signal,
    },
  );
  try {
    const positionEmbedding = createPositionEmbedding(layout, spec.dModel, config.tokens.positionEmbedding);
    const options = { seed: config.seed, workers, optimizerState, positionEmbedding, onMemoryPlan: say, signal };
    const model = await openForTraining(
      precision => chosen.device.open(spec, { ...options, precision }),
      config.training,
    );
    return {
      spec,
      model,
      tokens,
      tasks: taskMatrix(fileNames, config.condition),
      estimate,
      notes: datasetNotes(structure),
    };
  } catch (error) {
    tokens.dispose();
    throw error;
  }
}

function datasetNotes({ nNonFinite, nCheckpoints }: Structure): string[] {
  if (nNonFinite === 0) return [];
  return [`${nNonFinite} weights of the ${nCheckpoints} checkpoints are NaN or infinite and were left out`];
}
