// Matrix products of tfjs' wasm backend by the SIMD kernel: batches run at 1–2 GFLOP/s there, single matrices at 20–30, on the
// kernel at 38 (WebAssembly) and 105 (AVX2). Transposed operands are left to the original.
import { Kernel, type KernelProgram } from '../kernel/kernel';
import { copyRows, pitchOf, vector } from '../kernel/rows';
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

/** Replaces the operation in this thread, once. */
export function installKernelMatMul(program: KernelProgram): void {
  const original = tf.getKernel(name, 'wasm');
  const kernel = new Kernel(program, vector, 1);
  tf.unregisterKernel(name, 'wasm');
  tf.registerKernel({
    ...original,
    kernelFunc: args => {
      const { a, b } = args.inputs as unknown as Operands; // the operation's inputs are these two
      const transposed = args.attrs?.transposeA === true || args.attrs?.transposeB === true;
      const sameBatch = a.shape.length === 3 && a.shape[0] === b.shape[0];
      if (!sameBatch || transposed) return original.kernelFunc(args);
      return multiply(kernel, args.backend as Backend, a, b);
    },
  });
}

/** Through the kernel's own memory: the copies cost a few percent of the product. */
function multiply(kernel: Kernel, backend: Backend, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo {
  const [count, rows, inner] = a.shape as [number, number, number];
  const columns = b.shape[2]!;
  const pitch = pitchOf(columns);
  kernel.reset();
  const left = kernel.floats(count * rows * inner);
  const right = kernel.floats(count * inner * pitch);
  const panels = kernel.floats(inner * pitch);
  const product = kernel.floats(count * rows * pitch);
  kernel.viewFloats(left, count * rows * inner).set(backend.typedArrayFromHeap(a));
  copyRows(backend.typedArrayFromHeap(b), columns, kernel.viewFloats(right, count * inner * pitch), pitch);
  for (let n = 0; n < count; n++) {
    kernel.call.packPanels(right + 4 * n * inner * pitch, pitch, panels, inner, pitch);
    kernel.call.panelProducts(left + 4 * n * rows * inner, inner, panels, product + 4 * n * rows * pitch, pitch, rows, inner, pitch); // prettier-ignore
  }
  const out = backend.makeOutput([count, rows, columns], 'float32');
  copyRows(kernel.viewFloats(product, count * rows * pitch), pitch, backend.typedArrayFromHeap(out), columns);
  return out;
}
