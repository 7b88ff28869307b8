// What a model will cost before it is opened: parameters, memory, arithmetic. Counted from the specification; engines add
// what they alone know (workspaces, copies per worker). Used to warn, so it errs on the high side by tens of percents only.
import type { ModelSpec, RecurrentSpec } from './modelSpec';
import { elementCount } from '../util/namedArrays';
import { denoiserLayers, parameterInventory, trainedEntries } from './parameterInventory';
import { timeFeatures } from './parameterEntry';

export interface Estimate {
  /** Trained numbers. */
  parameters: number;
  /** Weights, gradients and both AdamW moments in float32. *Units* bytes. */
  stateBytes: number;
  /** Activations kept from forward to backward in float32, of one step. *Units* bytes. */
  activationBytes: number;
  /** Floating-point operations of one training step (a multiply-add is two; backward counts twice forward). */
  stepFlops: number;
  /** The same for one sampler step of one network. */
  sampleStepFlops: number;
}

/** *Errors* user: channels that are not a denoiser. */
export function estimate(spec: ModelSpec): Estimate {
  const parameters = trainedEntries(parameterInventory(spec)).reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const tokens = spec.batchSize * spec.nTokens;
  const denoiser = denoiserCost(spec);
  const recurrent = recurrentCost(spec.recurrent, spec.nTokens);
  return {
    parameters,
    stateBytes: 16 * parameters,
    activationBytes: 4 * (tokens * recurrent.activations + spec.rowsPerStep * denoiser.activations),
    stepFlops: 6 * (tokens * recurrent.multiplyAdds + spec.rowsPerStep * (denoiser.multiplyAdds + denoiser.embedding)),
    sampleStepFlops: 2 * spec.nTokens * denoiser.multiplyAdds,
  };
}

/** Of one token row. */
function denoiserCost(spec: ModelSpec): { multiplyAdds: number; embedding: number; activations: number } {
  if (!spec.denoiser) return { multiplyAdds: 0, embedding: 0, activations: spec.dPrototype };
  const { dimPerToken: dim, dPrototype } = spec;
  const layers = denoiserLayers(spec.denoiser);
  const taps = spec.denoiser.kernelSize;
  return {
    multiplyAdds: layers.reduce((sum, { inChannels, outChannels }) => sum + dim * taps * inChannels * outChannels, 0),
    embedding: dim * (timeFeatures + dim + dPrototype),
    // Per layer its input, output before and after the norm, and the gradient of its input.
    activations: layers.reduce((sum, { inChannels, outChannels }) => sum + 2 * dim * (inChannels + outChannels), 0),
  };
}

/** Of one token; `length` matters where tokens see each other. */
function recurrentCost(recurrent: RecurrentSpec, length: number): { multiplyAdds: number; activations: number } {
  switch (recurrent.kind) {
    case 'mamba': {
      let multiplyAdds = 0;
      let activations = 0;
      for (const { dModel, dOutput, dInner, dState, dConv, nHeads } of recurrent.layers) {
        const convolved = dInner + 2 * dState;
        const chunk = Math.min(64, length);
        multiplyAdds += dModel * (dInner + convolved + nHeads) + dInner * dOutput + convolved * dConv;
        multiplyAdds += chunk * (dState + dInner) + (length > chunk ? 2 * dState * dInner : 0);
        activations += 6 * dInner + 6 * convolved + 4 * nHeads * chunk;
      }
      return { multiplyAdds, activations };
    }
    case 'lstm':
      return {
        multiplyAdds: recurrent.nLayers * 8 * recurrent.dModel ** 2,
        activations: recurrent.nLayers * 24 * recurrent.dModel,
      };
    case 'transformer': {
      const { dModel, nHeads, dimHead, dimFeedforward, nLayers } = recurrent;
      const dInner = nHeads * dimHead;
      return {
        multiplyAdds: nLayers * (4 * dModel * dInner + 2 * length * dInner + 2 * dModel * dimFeedforward),
        activations: nLayers * (6 * dModel + 6 * dInner + 3 * nHeads * length + 3 * dimFeedforward),
      };
    }
    case 'gmlp': {
      const { dModel, expand, nLayers } = recurrent;
      return { multiplyAdds: nLayers * 3 * expand * dModel ** 2, activations: nLayers * (5 * expand + 4) * dModel };
    }
    default:
      return recurrent satisfies never;
  }
}
