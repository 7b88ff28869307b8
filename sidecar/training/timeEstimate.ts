// How long a step takes, before the first: counted multiply-adds over a measured speed. Rough on purpose, within a factor of
// two or so for models of similar shape. What `rpg train --estimate` times is exact, and takes as long as a few steps do.
import { denoiserLayers } from '../model/parameterInventory';
import type { ModelSpec } from '../model/modelSpec';

/** What a device was seen to do. */
export interface Speed {
  /** Counted operations, as `stepOperations` counts them. */
  readonly operationsPerSecond: number;
  /** Where the number comes from, in words. */
  readonly basis: string;
}

/** Forward, and twice as much backward. */
const passes = 3;

/** Multiply-adds of one training step, counted twice as is usual. */
export function stepOperations(spec: ModelSpec): number {
  return 2 * passes * (denoiserProducts(spec) + recurrentProducts(spec));
}

function denoiserProducts({ denoiser, rowsPerStep, dimPerToken }: ModelSpec): number {
  if (!denoiser) return 0;
  const perPosition = denoiserLayers(denoiser).reduce((sum, layer) => sum + layer.inChannels * layer.outChannels, 0);
  return rowsPerStep * dimPerToken * denoiser.kernelSize * perPosition;
}

/** Products with the weights of every layer, for every token of the batch. */
function recurrentProducts({ recurrent, batchSize, nTokens, dPrototype, dimPerToken }: ModelSpec): number {
  const tokens = batchSize * nTokens;
  const output = tokens * dPrototype * dimPerToken;
  switch (recurrent.kind) {
    case 'mamba':
      return (
        output +
        recurrent.layers.reduce((sum, { dModel, dInner, dOutput, dState, nHeads }) => {
          const projections = dModel * (2 * dInner + 2 * dState + nHeads) + dInner * dOutput;
          const scan = 2 * dInner * dState + Math.min(64, nTokens) * (dInner + dState);
          return sum + tokens * (projections + scan);
        }, 0)
      );
    case 'lstm':
      return output + tokens * recurrent.nLayers * 8 * recurrent.dModel ** 2;
    case 'transformer': {
      const { nLayers, nHeads, dimHead, dimFeedforward, dModel } = recurrent;
      const attention = 4 * dModel * nHeads * dimHead + 2 * nTokens * nHeads * dimHead;
      return output + tokens * nLayers * (attention + 2 * dModel * dimFeedforward);
    }
    case 'gmlp':
      return (
        output +
        tokens * recurrent.nLayers * (3 * recurrent.expand * recurrent.dModel ** 2 + nTokens * recurrent.dModel)
      );
    default:
      return recurrent satisfies never;
  }
}
