// What training will need, before it starts: counted from the model's shapes, where the engine has no plan of its own. Engines
// fuse and reuse memory differently; an estimate is meant to tell "fits" from "does not".
import { denoiserLayers, parameterInventory, trainedEntries } from '../model/parameterInventory';
import { elementCount } from '../util/namedArrays';
import type { TrainingMemory } from '../engine/engine';
import type { ModelSpec } from '../model/modelSpec';
import type { ParameterEntry } from '../model/parameterEntry';

export interface MemoryEstimate extends TrainingMemory {
  readonly nParameters: number;
  /** Of the processes themselves, before any model. */
  readonly runtimeBytes: number;
  readonly totalBytes: number;
}

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
  const activationBytes = floatBytes * arraysPerLayer * (denoiserElements(spec) + recurrentElements(spec));
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

/** Widest arrays of the recurrent layers, for every token of the batch. */
function recurrentElements({ recurrent, batchSize, nTokens }: ModelSpec): number {
  const tokens = batchSize * nTokens;
  switch (recurrent.kind) {
    case 'mamba':
      return recurrent.layers.reduce((sum, { dInner, dState, nHeads }) => {
        const chunk = Math.min(64, nTokens); // of the chunked state space: a (chunk, chunk) matrix a head
        return sum + tokens * (3 * dInner + 2 * dState + nHeads * chunk);
      }, 0);
    case 'lstm':
      return tokens * recurrent.nLayers * 6 * recurrent.dModel; // four gates, cell, output
    case 'transformer': {
      const { nLayers, nHeads, dimHead, dimFeedforward, dModel } = recurrent;
      return tokens * nLayers * (3 * nHeads * dimHead + nHeads * nTokens + dimFeedforward + 2 * dModel);
    }
    case 'gmlp':
      return tokens * recurrent.nLayers * (2 * recurrent.expand * recurrent.dModel + 2 * recurrent.dModel);
    default:
      return recurrent satisfies never;
  }
}
