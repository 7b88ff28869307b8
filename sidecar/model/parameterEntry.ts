// The words of the parameter inventory: one stored tensor, how its value starts, and the usual groups of them.

/** How a value starts. Bounds are PyTorch's defaults: 1/sqrt(fan-in). */
export type InitialValue =
  | { kind: 'uniform'; bound: number }
  | { kind: 'constant'; value: number }
  /** A function of a number drawn uniformly from 0 to 1. */
  | { kind: 'drawn'; from: (u: number) => number }
  /** 128 frequencies of the time sinusoids, 1 down to 1/10000, geometric. */
  | { kind: 'timeFrequencies' }
  /** The tokenizer's sinusoids, given from outside. */
  | { kind: 'positionEmbedding' }
  /** 1 on the last eight tokens, 0 elsewhere. */
  | { kind: 'taskGate' };

export interface ParameterEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: 'parameter' | 'buffer';
  readonly initial: InitialValue;
  /** The optimizer moves it. */
  readonly trainable: boolean;
  /** False: kept for the files' sake (a permutation embedding the model does not use); the optimizer leaves it alone. */
  readonly takesPart: boolean;
  /** Its gradient is zero by construction: a convolution's bias that the following batch norm takes out again. */
  readonly zeroGradient: boolean;
}

/** Inputs of the first time embedding layer: 128 cosines, then 128 sines. */
export const timeFeatures = 256;

/** A trained tensor that takes part. */
export function parameter(name: string, shape: readonly number[], initial: InitialValue): ParameterEntry {
  return { name, shape, kind: 'parameter', initial, trainable: true, takesPart: true, zeroGradient: false };
}

/** A stored tensor that is never trained. */
export function buffer(name: string, shape: readonly number[], initial: InitialValue): ParameterEntry {
  return { name, shape, kind: 'buffer', initial, trainable: false, takesPart: true, zeroGradient: false };
}

/** Weight and bias of a linear layer (or a convolution with `kernel`), PyTorch's default initial values. */
export function affine(prefix: string, outputs: number, inputs: number, kernel?: number): ParameterEntry[] {
  const bound = 1 / Math.sqrt(inputs * (kernel ?? 1));
  return [
    parameter(`${prefix}.weight`, kernel === undefined ? [outputs, inputs] : [outputs, inputs, kernel], uniform(bound)),
    parameter(`${prefix}.bias`, [outputs], uniform(bound)),
  ];
}

/** Weight 1 and bias 0 of a layer, group or batch norm. */
export function normEntries(prefix: string, width: number): ParameterEntry[] {
  return [parameter(`${prefix}.weight`, [width], constant(1)), parameter(`${prefix}.bias`, [width], constant(0))];
}

export const uniform = (bound: number): InitialValue => ({ kind: 'uniform', bound });
export const drawn = (from: (u: number) => number): InitialValue => ({ kind: 'drawn', from });
export const constant = (value: number): InitialValue => ({ kind: 'constant', value });
