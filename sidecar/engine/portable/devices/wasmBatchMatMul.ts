// tfjs' wasm backend multiplies batches of matrices at 1–2 GFLOP/s (one matrix: 20–30). Its kernel is replaced by one that
// hands batches to the SIMD kernel and everything else to the original.
import { Kernel, type KernelProgram } from '../kernel/kernel';
import { tf } from '../tf';

const name = 'BatchMatMul';

/** The part of tfjs' BackendWasm that is used. */
interface Backend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
}

interface Operands {
  a: tf.TensorInfo;
  b: tf.TensorInfo;
}

/** Replaces the kernel in this thread, once. */
export function installBatchMatMul(program: KernelProgram): void {
  const original = tf.getKernel(name, 'wasm');
  const kernel = new Kernel(program, 4, 1);
  tf.unregisterKernel(name, 'wasm');
  tf.registerKernel({
    ...original,
    kernelFunc: args => {
      const { a, b } = args.inputs as unknown as Operands; // the kernel's inputs are these two
      const transposed = args.attrs?.transposeA === true || args.attrs?.transposeB === true;
      const batched = a.shape.length === 3 && a.shape[0]! > 1 && a.shape[0] === b.shape[0];
      if (!batched || transposed) return original.kernelFunc(args);
      return multiply(kernel, args.backend as Backend, a, b);
    },
  });
}

/** Through the kernel's own memory: the copies cost a few percent of the product. */
function multiply(kernel: Kernel, backend: Backend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const [count, rows, inner] = a.shape as [number, number, number];
  const width = b.shape[2]!;
  const width4 = Math.ceil(width / 4) * 4;
  kernel.reset();
  const left = kernel.floats(count * rows * inner);
  const right = kernel.floats(count * inner * width4);
  const product = kernel.floats(count * rows * width4);
  kernel.viewFloats(left, count * rows * inner).set(backend.typedArrayFromHeap(a));
  copyRows(backend.typedArrayFromHeap(b), width, kernel.viewFloats(right, count * inner * width4), width4);
  kernel.call.products(left, right, product, count, rows, inner, width4);
  const out = backend.makeOutput([count, rows, width], 'float32');
  const values = backend.typedArrayFromHeap(out);
  copyRows(kernel.viewFloats(product, count * rows * width4), width4, values, width);
  return out;
}

/** Rows of one width into rows of another, the narrower deciding how much. */
function copyRows(from: Float32Array, fromWidth: number, to: Float32Array, toWidth: number): void {
  if (fromWidth === toWidth) {
    to.set(from);
    return;
  }
  const width = Math.min(fromWidth, toWidth);
  for (let row = 0; row * fromWidth < from.length; row++) {
    to.set(from.subarray(row * fromWidth, row * fromWidth + width), row * toWidth);
  }
}
