// Recurrent diffusion as a method: how it cuts networks, and its model for a configuration, which every other question is asked of.
// *Source* Wang et al., "Recurrent diffusion for large-scale parameter generation", arXiv 2501.11587.
import { toModelSpec } from '../../config/toModelSpec';
import type { ModelSpec } from '../../model/modelSpec';
import type { Structure } from '../../tokenizer/structure';
import { createTokenLayout } from '../../tokenizer/tokenLayout';
import type { Cut, Cutting, Method, RunModel, RunSizes } from '../method';
import { timeRandomSteps } from './benchmark';
import { planGenerating } from './generating';
import { readSnapshotWeights, weightsName, writePublishedWeights } from './modelFiles';
import { precisionsOf, refusalOf } from './precision';
import { stepOperations } from './timeEstimate';
import { planTraining } from './training';

export const recurrentDiffusion: Method = {
  id: 'rpg',
  title: 'Recurrent diffusion',
  about:
    'A recurrent model turns the position of every token of weights, and a condition, into a prototype; a 1-D CNN diffusion model turns prototypes into weights.',
  source: 'arXiv 2501.11587',
  weightFiles: [weightsName],
  cut: cutIntoTokens,
  modelOfRun: ({ config, dataset }) => modelOf(config, toModelSpec(config, dataset)),
  benchmark: request => timeRandomSteps(request, toModelSpec(request.config, request.dataset)),
};

function cutIntoTokens(structure: Structure, { dimPerToken, split }: Cutting): Cut {
  const layout = createTokenLayout(structure, dimPerToken, split);
  const { nTokens } = layout;
  return {
    nTokens,
    model(config, nCheckpoints) {
      const spec = toModelSpec(config, { nCheckpoints, nTokens });
      const model = { config, spec, structure, layout, nCheckpoints };
      return {
        ...modelOf(config, spec),
        planTraining: request => planTraining(model, request),
        planGenerating: request => planGenerating(model, request),
      };
    },
  };
}

function modelOf(config: RunSizes['config'], spec: ModelSpec): RunModel {
  return {
    refuses: device => refusalOf(device, spec, precisionsOf(config.training)),
    stepOperations: () => stepOperations(spec),
    exportWeights: (snapshot, file) => writePublishedWeights(file, spec, readSnapshotWeights(snapshot)),
  };
}
