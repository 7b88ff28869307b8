// Where each weight lives in the token matrix: a list of runs, one a row or a block of rows. The same layout cuts weights into
// tokens and puts them back, so the inverse is exact by construction.
// Source: method.md §1.
import { userError } from '../util/rpgError';
import type { Structure } from './structure';

export type Split = 'layer' | 'output' | 'flat';
/** Every split, for tests. @internal */
export const splits: readonly Split[] = ['layer', 'output', 'flat'];

/** `length` consecutive weights of a parameter, placed from `tokenOffset` of the flattened token matrix, over row ends. */
interface Run {
  readonly parameterIndex: number;
  readonly from: number;
  readonly length: number;
  readonly tokenOffset: number;
}

/** Which rows belong to a parameter: what the 2-D position embedding is made of. */
export interface TokenLayout {
  readonly split: Split;
  readonly dimPerToken: number;
  readonly nTokens: number;
  /** In the order of the structure's generated parameters. */
  readonly runs: readonly Run[];
  /** (nTokens) index of the row's tensor among the generated ones. */
  readonly tensorOfRow: Int32Array;
  /** (nTokens) index of the row inside its tensor. */
  readonly rowInTensor: Int32Array;
  /** Entries that hold no weight. */
  readonly nPadding: number;
}

/** The most entries a token matrix may have: beyond it no typed array holds one checkpoint. */
const maxEntries = 2 ** 32;

/** *Errors* `too-many-tokens` where one checkpoint's tokens would not fit an array. */
export function createTokenLayout(
  structure: Pick<Structure, 'parameters'>,
  dimPerToken: number,
  split: Split,
): TokenLayout {
  const rows = split === 'flat' ? flatRows(structure, dimPerToken) : tensorRows(structure, dimPerToken, split);
  const nTokens = rows.tensorOfRow.length;
  if (nTokens * dimPerToken > maxEntries) {
    throw userError(
      'too-many-tokens',
      `${nTokens} tokens of ${dimPerToken} weights are ${nTokens * dimPerToken} entries, over the limit of ${maxEntries}; raise tokens.dimPerToken or use tokens.split "layer"`,
      { nTokens, dimPerToken },
    );
  }
  const nWeights = rows.runs.reduce((sum, run) => sum + run.length, 0);
  return {
    split,
    dimPerToken,
    nTokens,
    runs: rows.runs,
    tensorOfRow: Int32Array.from(rows.tensorOfRow),
    rowInTensor: Int32Array.from(rows.rowInTensor),
    nPadding: nTokens * dimPerToken - nWeights,
  };
}

interface Rows {
  runs: Run[];
  tensorOfRow: number[];
  rowInTensor: number[];
}

/** All tensors one after the other, padded once at the end. */
function flatRows(structure: Pick<Structure, 'parameters'>, dimPerToken: number): Rows {
  const runs: Run[] = [];
  let tokenOffset = 0;
  for (const [parameterIndex, parameter] of structure.parameters.entries()) {
    if (parameter.kind === 'fixed') continue;
    const length = product(parameter.shape);
    runs.push({ parameterIndex, from: 0, length, tokenOffset });
    tokenOffset += length;
  }
  const nTokens = Math.ceil(tokenOffset / dimPerToken);
  return {
    runs,
    tensorOfRow: new Array<number>(nTokens).fill(0),
    rowInTensor: Array.from({ length: nTokens }, (_, row) => row),
  };
}

/** Every tensor has rows of its own. */
function tensorRows(structure: Pick<Structure, 'parameters'>, dimPerToken: number, split: 'layer' | 'output'): Rows {
  const rows: Rows = { runs: [], tensorOfRow: [], rowInTensor: [] };
  let tensorIndex = 0;
  for (const [parameterIndex, parameter] of structure.parameters.entries()) {
    if (parameter.kind === 'fixed') continue;
    const count = product(parameter.shape);
    // Full rows follow each other without a gap, so a whole tensor is one run; unequal rows are a run each.
    const lengths = split === 'layer' ? [count] : outputRows(parameter.shape, dimPerToken);
    let from = 0;
    let rowInTensor = 0;
    for (const length of lengths) {
      rows.runs.push({ parameterIndex, from, length, tokenOffset: rows.tensorOfRow.length * dimPerToken });
      for (let covered = 0; covered < length; covered += dimPerToken) {
        rows.tensorOfRow.push(tensorIndex);
        rows.rowInTensor.push(rowInTensor++);
      }
      from += length;
    }
    tensorIndex++;
  }
  return rows;
}

/**
 * One row if the tensor fits; every slice of the first axis by itself if one alone does not fit; otherwise the fewest equal
 * groups of slices that divide the axis and fit a row.
 */
function outputRows(shape: readonly number[], dimPerToken: number): number[] {
  const count = product(shape);
  if (count <= dimPerToken) return [count];
  const [length = 1, ...rest] = shape;
  const sliceLength = product(rest);
  if (sliceLength > dimPerToken) {
    const slice = outputRows(rest, dimPerToken);
    return Array.from({ length }, () => slice).flat();
  }
  let nGroups = Math.ceil(count / dimPerToken);
  while (length % nGroups !== 0) nGroups++;
  return new Array<number>(nGroups).fill(count / nGroups);
}

const product = (shape: readonly number[]): number => shape.reduce((result, length) => result * length, 1);
