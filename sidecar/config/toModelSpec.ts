// Run configuration + dataset → what the model is. The only place where field names of the one become those of the other.
import type { ResolvedRunConfig } from '../../protocol/runConfig';
import type { ModelSpec } from '../model/modelSpec';
import { toRecurrentSpec } from '../model/recurrent/registry';

/** The model of a configuration that `resolveConfig` accepted. */
export function toModelSpec(config: ResolvedRunConfig, dataset: { nCheckpoints: number; nTokens: number }): ModelSpec {
  const { tokens, recurrent, condition, diffusion, training } = config;
  const rowsInBatch = training.batchSize * dataset.nTokens;
  return {
    nTokens: dataset.nTokens,
    dimPerToken: tokens.dimPerToken,
    dModel: recurrent.dModel[0]!,
    dPrototype: recurrent.dModel.at(-1)!,
    recurrent: toRecurrentSpec(recurrent),
    condition: { kind: condition.kind, dCondition: condition.dCondition, taskBits: condition.taskBits },
    nPermutation: dataset.nCheckpoints,
    usePermutationState: condition.permutationState,
    denoiser: diffusion.enabled ? { layerChannels: diffusion.layerChannels, kernelSize: diffusion.kernelSize } : null,
    diffusion: { T: diffusion.T, betaStart: diffusion.betaStart, betaEnd: diffusion.betaEnd },
    trainPositionEmbedding: tokens.trainPositionEmbedding,
    batchSize: training.batchSize,
    rowsPerStep: Math.min(diffusion.diffusionBatch ?? rowsInBatch, rowsInBatch),
  };
}
