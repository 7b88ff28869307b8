// The contract of what stands before the recurrent model: positions and condition become its input, and back.
import type { LayerInput } from './mambaLayer';

/** Where the step's small inputs lie. *Shapes* states (b) int32, task (b, taskBits) float32. */
export interface ConditionInputs {
  readonly states: bigint;
  readonly task: bigint;
}

/** What makes the recurrent model's input. */
export interface ConditionStage {
  /** Rows of the input, and of its gradient: L + b when shared, b·L when full. */
  readonly inputRows: number;
  forward(): LayerInput;
  /** *Shapes* dInput (inputRows, dModel); position rows of a shared one are filled only if they are trained. */
  backward(dInput: bigint): void;
}
