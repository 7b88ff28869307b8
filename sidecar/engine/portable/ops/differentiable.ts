// An operation with a gradient of its own, typed: tfjs' customGrad passes inputs and the save function in one untyped list.
import { tf, type Tensor } from '../tf';

/** The value, and the gradients of the inputs given the value's. `gradient` may use only `dy` and what was saved. */
export interface Differentiable<Out extends Tensor> {
  value: Out;
  gradient: (dy: Out, saved: readonly Tensor[]) => Tensor[];
}

/**
 * Runs `forward` on `inputs` and records its gradient.
 * *Memory* intermediate tensors of both directions are released; `save` keeps what the gradient needs until it ran.
 */
export function differentiable<Out extends Tensor>(
  inputs: readonly Tensor[],
  forward: (save: (tensors: Tensor[]) => void) => Differentiable<Out>,
): Out {
  const run = tf.customGrad<Out>((...inputsAndSave) => {
    const save = inputsAndSave.at(-1) as (tensors: Tensor[]) => void; // customGrad appends it to the inputs
    const { value, gradient } = forward(save);
    return { value, gradFunc: (dy: Out, saved: Tensor[]) => gradient(dy, saved) };
  });
  return run(...inputs);
}
