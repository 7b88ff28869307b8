// Run configuration + dataset → what the model is. The only place where field names of the one become those of the other.
import type { ResolvedRunConfig, RunConfig } from '../../protocol/runConfig';
import type { MambaLayerSpec, ModelSpec, RecurrentSpec } from '../model/modelSpec';
import { mambaHeadDim } from './resolveConfig';

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

function toRecurrentSpec(recurrent: RunConfig['recurrent']): RecurrentSpec {
  const { kind, nLayers, dModel, expand, nHeads, dimHead, dimFeedforward } = recurrent;
  const width = dModel[0]!;
  switch (kind) {
    case 'mamba':
      return { kind, layers: Array.from({ length: nLayers }, (_, layer) => toMambaLayer(recurrent, layer)) };
    case 'lstm':
      return { kind, dModel: width, nLayers };
    case 'transformer':
      return { kind, dModel: width, nLayers, nHeads, dimHead, dimFeedforward };
    case 'gmlp':
      return { kind, dModel: width, nLayers, expand };
    default:
      return kind satisfies never;
  }
}

/** With two widths the second layer reads the first, has the second's inner width, and writes the second. */
function toMambaLayer({ dModel, expand, dState, dConv }: RunConfig['recurrent'], layer: number): MambaLayerSpec {
  const reads = dModel[0]!;
  const writes = layer === 0 ? reads : dModel.at(-1)!;
  const dInner = writes * expand;
  return {
    dModel: reads,
    dOutput: writes,
    dInner,
    dState,
    dConv,
    headDim: mambaHeadDim,
    nHeads: dInner / mambaHeadDim,
  };
}
