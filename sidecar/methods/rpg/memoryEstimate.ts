// What training will need, before it starts: counted from the model's shapes, where the engine has no plan of its own. Engines
// fuse and reuse memory differently; an estimate is meant to tell "fits" from "does not".
import { denoiserLayers, parameterInventory, trainedEntries } from '../../model/parameterInventory';
import { elementCount } from '../../util/namedArrays';
import type { MemoryEstimate } from '../training';
import type { TrainingMemory } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import type { ParameterEntry } from '../../model/parameterEntry';
import { recurrentCost } from '../../model/recurrent/registry';

/**
 * Node with the program loaded, and a worker with its WebAssembly heap. Measured as peak resident memory less the counted
 * part, two workers: 256 MB for the demo preset on 2,464 weights (119 counted), 615 MB for cnnsmall on the same (476 counted).
 */
const processBytes = 60e6;
const workerBytes = 40e6;

/** Arrays of a layer's output: input, its transform (7/4), convolution, ELU, gradients, and the otfjs copies; fitted. */
const arraysPerLayer = 8.5;
const floatBytes = 4;

/** What an engine planned, which is exact, in an estimate's place. */
export function plannedMemory(spec: ModelSpec, plan: TrainingMemory): MemoryEstimate {
  const totalBytes = plan.weightBytes + plan.optimizerBytes + plan.activationBytes;
  return { ...plan, nParameters: countElements(parameterInventory(spec)), runtimeBytes: 0, totalBytes };
}

/** *Units* bytes. Workers of the portable engine each hold the weights and gradients, and share the activations. */
export function estimateMemory(
  spec: ModelSpec,
  { workers, optimizerState }: { workers: number; optimizerState: 'float32' | 'uint8' },
): MemoryEstimate {
  const inventory = parameterInventory(spec);
  const nParameters = countElements(inventory);
  const momentBytes = 2 * (optimizerState === 'uint8' ? 1 : floatBytes);
  const weightBytes = floatBytes * nParameters * (1 + 2 * workers);
  const optimizerBytes = momentBytes * countElements(trainedEntries(inventory));
  const { activationElements } = recurrentCost(spec.recurrent, spec);
  const activationBytes = floatBytes * arraysPerLayer * (denoiserElements(spec) + activationElements);
  const runtimeBytes = processBytes + workers * workerBytes;
  const totalBytes = weightBytes + optimizerBytes + activationBytes + runtimeBytes;
  return { nParameters, weightBytes, optimizerBytes, activationBytes, runtimeBytes, totalBytes };
}

function countElements(entries: readonly ParameterEntry[]): number {
  return entries.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Outputs of the convolutions: every row of the loss, at every position, in every channel. */
function denoiserElements({ denoiser, rowsPerStep, dimPerToken }: ModelSpec): number {
  if (!denoiser) return 0;
  const channels = denoiserLayers(denoiser).reduce((sum, layer) => sum + layer.outChannels, 0);
  return rowsPerStep * dimPerToken * channels;
}
