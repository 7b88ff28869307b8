// What a recurrent model says of itself: how its fields become a specification, what it stores, what it costs and which values
// of its fields do not fit. No tensors: each engine keeps a file of its own beside its table of recurrent models.
import type { RunConfig } from '../../../protocol/runConfig';
import type { ParameterEntry } from '../parameterEntry';

/** The section of a run configuration that a recurrent model reads. */
export type RecurrentFields = RunConfig['recurrent'];

/** The sequences a cost is counted for. */
export interface SequenceCount {
  readonly batchSize: number;
  readonly nTokens: number;
}

/** Of one forward pass over all sequences. */
export interface RecurrentCost {
  /** Widest arrays of the layers. *Units* numbers. */
  readonly activationElements: number;
  /** Multiply-adds with the weights of every layer, and of tokens with each other. */
  readonly products: number;
}

/** One way in which the fields must fit together. The first field carries the message. */
export interface RecurrentRule {
  readonly reads: readonly (keyof RecurrentFields)[];
  readonly fault: (fields: RecurrentFields) => string | null;
}

export interface RecurrentModel<Spec extends { readonly kind: string }> {
  /** What `recurrent.kind` says. */
  readonly kind: Spec['kind'];
  /** How many widths `recurrent.dModel` may have. */
  readonly mostWidths: 1 | 2;
  /** Asked of this kind only. */
  readonly rules: readonly RecurrentRule[];
  /** Of fields that no rule finds fault with. */
  toSpec(fields: RecurrentFields): Spec;
  /** What it stores, in the published order and under the published names. */
  entries(spec: Spec): ParameterEntry[];
  cost(spec: Spec, sequences: SequenceCount): RecurrentCost;
}

/** The entries of n layers, one after the other. */
export function layerEntries(n: number, entries: (n: number) => ParameterEntry[]): ParameterEntry[] {
  return Array.from({ length: n }, (_, i) => entries(i)).flat();
}
