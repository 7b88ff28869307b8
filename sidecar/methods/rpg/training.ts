// What training opens for a dataset on a device, and the open model with its tokens that a run trains.
import * as path from 'node:path';
import type { RunConfig } from '../../../protocol/runConfig';
import { classOfFileName, taskBitsOf } from '../../datasets/checkpointFolder';
import type { Model } from '../../engine/engine';
import { createPositionEmbedding } from '../../tokenizer/positionEmbedding';
import type { MemoryEstimate, OpenTrainingRequest, Trainable, TrainingPlan, TrainingRequest } from '../training';
import { estimateMemory, plannedMemory } from './memoryEstimate';
import { readPublishedWeights, restoreSnapshot, snapshotParts, writePublishedWeights } from './modelFiles';
import { openForTraining, precisionsOf } from './precision';
import type { TokenModel } from './tokenModel';
import { openTokenSource, tokenBytes, type OpenTokenSource } from './tokenSource';
import { train } from './trainer';

export async function planTraining(model: TokenModel, request: TrainingRequest): Promise<TrainingPlan> {
  return {
    nTokens: model.spec.nTokens,
    estimate: await trainingMemoryOf(model, request),
    dataBytes: tokenBytes(model.nCheckpoints, model.layout),
    open: opening => openTrainable(model, request, opening),
  };
}

/** What training takes on a device, at its highest: as its engine plans it, else as the shapes tell. */
async function trainingMemoryOf(
  { spec, config: { training } }: TokenModel,
  { device, workers }: TrainingRequest,
): Promise<MemoryEstimate> {
  const { optimizerState } = training;
  if (!device.planTraining) return estimateMemory(spec, { workers, optimizerState });
  const plans: MemoryEstimate[] = [];
  for (const precision of precisionsOf(training)) {
    plans.push(plannedMemory(spec, await device.planTraining(spec, { precision, optimizerState })));
  }
  return plans.reduce((most, plan) => (plan.totalBytes > most.totalBytes ? plan : most));
}

async function openTrainable(
  { config, spec, structure, layout }: TokenModel,
  { device, workers }: TrainingRequest,
  { dataset, cacheFolder, memoryLimitBytes, say, signal }: OpenTrainingRequest,
): Promise<Trainable> {
  const { key, fingerprint, fileNames } = dataset;
  const files = fileNames.map(name => path.join(dataset.folder, name));
  const tokens = await openTokenSource(
    { structure, layout, key, fingerprint, files },
    { cacheFolder, memoryLimitBytes, onProgress: (_, message) => say(`reading ${message}`), signal },
  );
  try {
    const positionEmbedding = createPositionEmbedding(layout, spec.dModel, config.tokens.positionEmbedding);
    const { optimizerState } = config.training;
    const options = { seed: config.seed, workers, optimizerState, positionEmbedding, onMemoryPlan: say, signal };
    const model = await openForTraining(precision => device.open(spec, { ...options, precision }), config.training);
    return trainableOf({ config, spec, model, tokens, tasks: taskMatrix(fileNames, config.condition) });
  } catch (error) {
    tokens.dispose();
    throw error;
  }
}

interface OpenedModel extends Pick<TokenModel, 'config' | 'spec'> {
  readonly model: Model;
  readonly tokens: OpenTokenSource;
  readonly tasks: Float32Array | null;
}

function trainableOf({ config, spec, model, tokens, tasks }: OpenedModel): Trainable {
  return {
    description: model.description,
    train: (startStep, shouldStop) => train({ model, spec, config, tokens, tasks, startStep, shouldStop }),
    beginWith: file => model.writeWeights(readPublishedWeights(file, spec)),
    snapshotParts: random => snapshotParts(model, random),
    restore: snapshot => restoreSnapshot(model, snapshot),
    writeWeights: async file => writePublishedWeights(file, spec, await model.readWeights()),
    memory: () => model.memory(),
    async dispose() {
      tokens.dispose();
      await model.dispose();
    },
  };
}

/** Task bits of every checkpoint, from the file names. *Shapes* (nCheckpoints, taskBits), or null without task conditions. */
function taskMatrix(fileNames: readonly string[], condition: RunConfig['condition']): Float32Array | null {
  if (condition.kind === 'none') return null;
  return Float32Array.from(fileNames.flatMap(name => taskBitsOf(classOfFileName(name)!, condition.taskBits)));
}
