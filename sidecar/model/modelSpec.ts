// What the model *is*, once a run configuration has met its dataset: numbers only, nothing optional, nothing 'auto'.
// Engine-free: no tensors, no devices. Every engine builds the same model from it.
import type { RecurrentSpec } from './recurrent/registry';

/** The 1-D CNN that predicts the noise of a token. */
export interface DenoiserSpec {
  /** n+1 entries for n convolutions, first and last 1. */
  layerChannels: readonly number[];
  kernelSize: number;
}

/** A model an engine can open. */
export interface ModelSpec {
  nTokens: number;
  /** Length of a token, equal to the denoiser's model_dim. */
  dimPerToken: number;
  /** Width the recurrent model reads: rows of the position embedding. */
  dModel: number;
  /** Width of a prototype: what the recurrent model writes and condi_embedder reads. */
  dPrototype: number;
  recurrent: RecurrentSpec;
  condition: { kind: 'none' | 'task' | 'taskFull'; dCondition: number; taskBits: number };
  /** Rows of to_permutation_state; the parameter exists on disk even where `usePermutationState` is false. */
  nPermutation: number;
  usePermutationState: boolean;
  /** null: without diffusion, prototypes are trained against tokens directly. */
  denoiser: DenoiserSpec | null;
  diffusion: { T: number; betaStart: number; betaEnd: number };
  trainPositionEmbedding: boolean;
  /** Checkpoints per step, and token rows of them that enter the loss (b · nTokens when all do). */
  batchSize: number;
  rowsPerStep: number;
}
