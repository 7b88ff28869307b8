// Checkpoint ↔ tokens. NaN marks the entries that hold no weight; loss and metrics skip them.
// Source: method.md §1.
import { denormalise, normalise, type Structure } from './structure';
import type { TokenLayout } from './tokenLayout';

/** Gives a generated parameter's values, flattened row-major. */
export type ReadParameter = (parameterIndex: number) => Float32Array;

/**
 * Normalised tokens of one checkpoint.
 *
 * *Shapes* result (nTokens, dimPerToken), NaN where padded. Weights that are NaN or infinite themselves become NaN as well:
 * they cannot be learned, and are counted in the structure. *Memory* the result and one parameter.
 */
export function tokenize(
  structure: Structure,
  layout: TokenLayout,
  read: ReadParameter,
  out = new Float32Array(layout.nTokens * layout.dimPerToken),
): Float32Array {
  out.fill(NaN);
  let current = -1;
  let values: Float32Array = new Float32Array();
  for (const run of layout.runs) {
    if (run.parameterIndex !== current) {
      current = run.parameterIndex;
      values = read(current);
    }
    const part = run.length === values.length ? values : values.subarray(run.from, run.from + run.length);
    normalise(structure.parameters[current]!, part, out, run.tokenOffset);
  }
  dropInfinite(out);
  return out;
}

/** Calls `write` with each generated parameter's weights, in the structure's order. The array is the callee's to keep. */
export function detokenize(
  structure: Structure,
  layout: TokenLayout,
  tokens: Float32Array,
  write: (parameterIndex: number, values: Float32Array) => void,
): void {
  let current = -1;
  let normalised = new Float32Array();
  const flush = (): void => {
    if (current < 0) return;
    const values = new Float32Array(normalised.length);
    denormalise(structure.parameters[current]!, normalised, values);
    write(current, values);
  };
  for (const run of layout.runs) {
    if (run.parameterIndex !== current) {
      flush();
      current = run.parameterIndex;
      normalised = new Float32Array(
        structure.parameters[current]!.shape.reduce((product, length) => product * length, 1),
      );
    }
    normalised.set(tokens.subarray(run.tokenOffset, run.tokenOffset + run.length), run.from);
  }
  flush();
}

function dropInfinite(values: Float32Array): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value === Infinity || value === -Infinity) values[index] = NaN;
  }
}
