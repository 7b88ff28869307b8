// The only door to tfjs-core. Importing it registers the gradients of the operations (tfjs-core registers none by itself);
// backends are registered by devices/*, one at a time per thread.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';

export { tf };
export type Tensor = tf.Tensor;
export type Tensor1D = tf.Tensor1D;
export type Tensor2D = tf.Tensor2D;
export type Tensor3D = tf.Tensor3D;
export type Tensor4D = tf.Tensor4D;
export type Tensor5D = tf.Tensor5D;

type TensorOfRank = { 1: Tensor1D; 2: Tensor2D; 3: Tensor3D; 4: Tensor4D; 5: Tensor5D };

/** tf.reshape whose result's rank is the length of the shape; tfjs' own typing loses it in nested calls. */
export function reshape<const Shape extends readonly number[]>(
  x: Tensor,
  shape: Shape,
): Shape['length'] extends keyof TensorOfRank ? TensorOfRank[Shape['length']] : Tensor {
  return tf.reshape(x, [...shape]) as never; // the conditional type above is what reshape returns
}

/** Makes a registered backend the current one of this thread. */
export async function useBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  await tf.ready();
}

// Skips tfjs' own checks of every operation, and its console greeting in Node.
tf.enableProdMode();
