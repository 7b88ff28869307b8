// Recurrent diffusion as a method: what it opens for a dataset on a device, and the open model with its tokens that a run trains.
// *Source* Wang et al., "Recurrent diffusion for large-scale parameter generation", arXiv 2501.11587.
import * as path from 'node:path';
import type { RunConfig } from '../../../protocol/runConfig';
import { toModelSpec } from '../../config/toModelSpec';
import { classOfFileName, taskBitsOf } from '../../datasets/checkpointFolder';
import type { EngineDevice, Model } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { createPositionEmbedding } from '../../tokenizer/positionEmbedding';
import { createTokenLayout, type TokenLayout } from '../../tokenizer/tokenLayout';
import type { MemoryEstimate, Method, MethodPlan, OpenRequest, PlanRequest, Trainable } from '../method';
import { estimateMemory, plannedMemory } from './memoryEstimate';
import { readPublishedWeights, restoreSnapshot, snapshotParts, writePublishedWeights } from './modelFiles';
import { openForTraining, precisionsOf } from './precision';
import { openTokenSource, tokenBytes, type OpenTokenSource } from './tokenSource';
import { train } from './trainer';

export const recurrentDiffusion: Method = {
  id: 'rpg',
  title: 'Recurrent diffusion',
  about:
    'A recurrent model turns the position of every token of weights, and a condition, into a prototype; a 1-D CNN diffusion model turns prototypes into weights.',
  source: 'arXiv 2501.11587',
  plan: planRecurrentDiffusion,
};

async function planRecurrentDiffusion(request: PlanRequest): Promise<MethodPlan> {
  const { config, structure, nCheckpoints, device, workers } = request;
  const layout = createTokenLayout(structure, config.tokens.dimPerToken, config.tokens.split);
  const spec = toModelSpec(config, { nCheckpoints, nTokens: layout.nTokens });
  return {
    nTokens: spec.nTokens,
    estimate: await trainingMemoryOf(device, spec, config.training, workers),
    dataBytes: tokenBytes(nCheckpoints, layout),
    open: opening => openTrainable(request, spec, layout, opening),
  };
}

/** What training takes on a device, at its highest: as its engine plans it, else as the shapes tell. */
async function trainingMemoryOf(
  device: EngineDevice,
  spec: ModelSpec,
  training: PlanRequest['config']['training'],
  workers: number,
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
  { config, structure, device, workers }: PlanRequest,
  spec: ModelSpec,
  layout: TokenLayout,
  { dataset, cacheFolder, memoryLimitBytes, say, signal }: OpenRequest,
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

interface OpenedModel {
  readonly config: PlanRequest['config'];
  readonly spec: ModelSpec;
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
