// How long a step takes, before the first: counted multiply-adds over a measured speed. Rough on purpose, within a factor of
// two or so for models of similar shape. What `rpg train --estimate` times is exact, and takes as long as a few steps do.
import { denoiserLayers } from '../../model/parameterInventory';
import type { ModelSpec } from '../../model/modelSpec';
import { recurrentCost } from '../../model/recurrent/registry';

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

/** Of every token of the batch: the recurrent layers', and those that make a token's width of a prototype's. */
function recurrentProducts(spec: ModelSpec): number {
  const output = spec.batchSize * spec.nTokens * spec.dPrototype * spec.dimPerToken;
  return output + recurrentCost(spec.recurrent, spec).products;
}
