// What a folder of checkpoints has in common: for each tensor its name, shape, kind and normalisation statistics.
// Pure: checkpoints are fed in one after the other as arrays; nothing here reads a file. Statistics accumulate in float64.
// Source: method.md §1.

/** `fixed` tensors are not generated: their bytes come from the first checkpoint. */
export type ParameterKind = 'weight' | 'variance' | 'fixed';

/** One tensor of the architecture. */
export interface ParameterStructure {
  readonly name: string;
  readonly shape: readonly number[];
  /** Element type in the first checkpoint, in which it is also generated. */
  readonly dtype: string;
  readonly kind: ParameterKind;
  /** Mean over checkpoints of the tensor's mean (weight: of its values; variance: of their logarithms); 0 if fixed. */
  readonly mean: number;
  /** The same of the unbiased standard deviation; 1 if fixed. */
  readonly std: number;
  /** Variance only: mean over checkpoints of 0.95 × the tensor's mean; 1 otherwise. */
  readonly preMean: number;
}

/** The architecture, in the state dict's own order. */
export interface Structure {
  readonly parameters: readonly ParameterStructure[];
  /** Checkpoints the statistics were taken over. */
  readonly nCheckpoints: number;
  /** NaN or infinite weights seen; they are left out of the statistics. */
  readonly nNonFinite: number;
}

/** A tensor's description, before any value is known. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly isFloat: boolean;
}

const varianceOffset = 0.05;
const varianceScale = 0.95;
const smallestVariance = 0.001;

/** How a tensor is treated, by its name, size and type. */
export function parameterKind(parameter: ParameterShape): ParameterKind {
  const count = parameter.shape.reduce((product, length) => product * length, 1);
  if (parameter.name.includes('num_batches_tracked') || count <= 1 || !parameter.isFloat) return 'fixed';
  return parameter.name.includes('running_var') ? 'variance' : 'weight';
}

/** Number of generated weights: what the tokens hold, padding aside. */
export function generatedCount(structure: Pick<Structure, 'parameters'>): number {
  return structure.parameters
    .filter(parameter => parameter.kind !== 'fixed')
    .reduce((sum, parameter) => sum + parameter.shape.reduce((product, length) => product * length, 1), 0);
}

/** Statistics of one tensor in one checkpoint. */
export interface TensorStatistics {
  mean: number;
  std: number;
  preMean: number;
  nNonFinite: number;
}

/** *Shapes* values: any, flattened. Two passes in float64. */
export function measureTensor(values: Float32Array, kind: Exclude<ParameterKind, 'fixed'>): TensorStatistics {
  if (kind === 'weight') return { ...meanAndStd(values), preMean: 1 };
  const preMean = varianceScale * meanAndStd(values).mean;
  const logarithms = Float64Array.from(values, value => Math.log(value / preMean + varianceOffset));
  return { ...meanAndStd(logarithms), preMean };
}

/** Accumulates per-checkpoint statistics into a structure. */
export class StructureBuilder {
  private readonly sums: { mean: number; std: number; preMean: number }[];
  private nCheckpoints = 0;
  private nNonFinite = 0;

  constructor(private readonly parameters: readonly ParameterShape[]) {
    this.sums = parameters.map(() => ({ mean: 0, std: 0, preMean: 0 }));
  }

  /** Adds one checkpoint; `statistics[i]` belongs to parameter i and is null where it is fixed. */
  add(statistics: readonly (TensorStatistics | null)[]): void {
    this.nCheckpoints++;
    for (const [index, measured] of statistics.entries()) {
      if (!measured) continue;
      const sum = this.sums[index]!;
      sum.mean += measured.mean;
      sum.std += measured.std;
      sum.preMean += measured.preMean;
      this.nNonFinite += measured.nNonFinite;
    }
  }

  build(): Structure {
    const n = Math.max(1, this.nCheckpoints);
    const parameters = this.parameters.map((parameter, index): ParameterStructure => {
      const kind = parameterKind(parameter);
      const { name, shape, dtype } = parameter;
      if (kind === 'fixed') return { name, shape, dtype, kind, mean: 0, std: 1, preMean: 1 };
      const sum = this.sums[index]!;
      return { name, shape, dtype, kind, mean: sum.mean / n, std: sum.std / n, preMean: sum.preMean / n };
    });
    return { parameters, nCheckpoints: this.nCheckpoints, nNonFinite: this.nNonFinite };
  }
}

/** Weights → normalised values, written to `out` from `at`. */
export function normalise(parameter: ParameterStructure, values: Float32Array, out: Float32Array, at = 0): void {
  const { mean, preMean } = parameter;
  const scale = 1 / safeStd(parameter);
  if (parameter.kind === 'variance') {
    for (let index = 0; index < values.length; index++) {
      out[at + index] = (Math.log(values[index]! / preMean + varianceOffset) - mean) * scale;
    }
    return;
  }
  for (let index = 0; index < values.length; index++) out[at + index] = (values[index]! - mean) * scale;
}

/** The exact inverse, up to rounding; variances are kept above 0.001 of their mean. */
export function denormalise(parameter: ParameterStructure, normalised: Float32Array, out: Float32Array): void {
  const { mean, preMean } = parameter;
  const std = safeStd(parameter);
  if (parameter.kind === 'variance') {
    for (let index = 0; index < out.length; index++) {
      const logarithm = normalised[index]! * std + mean;
      out[index] = Math.max(Math.exp(logarithm) - varianceOffset, smallestVariance) * preMean;
    }
    return;
  }
  for (let index = 0; index < out.length; index++) out[index] = normalised[index]! * std + mean;
}

/** A tensor that is constant in every checkpoint (a fresh LayerNorm weight) has no spread to divide by. */
const safeStd = (parameter: ParameterStructure): number => (parameter.std > 0 ? parameter.std : 1);

/** Mean and unbiased standard deviation of the finite values. */
function meanAndStd(values: Float32Array | Float64Array): { mean: number; std: number; nNonFinite: number } {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  if (!Number.isFinite(sum)) return meanAndStdOfFinite(values);
  const mean = sum / values.length;
  let squares = 0;
  for (let index = 0; index < values.length; index++) {
    const deviation = values[index]! - mean;
    squares += deviation * deviation;
  }
  return { mean, std: Math.sqrt(squares / Math.max(1, values.length - 1)), nNonFinite: 0 };
}

function meanAndStdOfFinite(values: Float32Array | Float64Array): { mean: number; std: number; nNonFinite: number } {
  const finite = Float64Array.from(values).filter(value => Number.isFinite(value));
  const measured = finite.length > 0 ? meanAndStd(finite) : { mean: 0, std: 0 };
  return { mean: measured.mean, std: measured.std, nNonFinite: values.length - finite.length };
}
