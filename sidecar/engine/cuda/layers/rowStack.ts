// What the recurrent models that need every row have in common.

/** A model over all rows (b·L, dModel), for which only activations' addresses differ between runs. */
export interface RowStack {
  /** *Shapes* x → same shape. */
  forward(x: bigint): bigint;
  /** *Shapes* gradient of the output → of the input; may reuse its memory. */
  backward(dOut: bigint): bigint;
}
