// One instance of the SIMD kernel with its own memory: typed calls, an arena of arrays, and copies in and out. The memory is
// WebAssembly's whichever program runs on it: it grows in place, and works in every Node, VS Code's included.
import { internalError } from '../../../util/rpgError';
import { copyRows, pitchOf } from './rows';

/** Address of an array inside the kernel's memory; 0 is "none". */
export type Pointer = number;

/** The functions of convStack.c and mamba.c, whose comments say what each computes. */
export interface KernelCalls {
  configure(tokenLength: number, kernelSize: number): Pointer;
  pack(weight: Pointer, packed: Pointer, outputs: number, inputs: number, transposed: 0 | 1): void;
  convolve(input: Pointer, out: Pointer, rows: number, inputs: number, outputs: number, packed: Pointer, bias: Pointer): void; // prettier-ignore
  weightGradient(dy: Pointer, input: Pointer, gradient: Pointer, sums: Pointer, rows: number, inputs: number, outputs: number): void; // prettier-ignore
  biasGradient(dy: Pointer, gradient: Pointer, rows: number, channels: number): void;
  prepare(h: Pointer, skip: Pointer, cond: Pointer, time: Pointer, timeRow: number, out: Pointer, rows: number, channels: number): void; // prettier-ignore
  channelSums(y: Pointer, sums: Pointer, rows: number, channels: number): void;
  channelSquares(y: Pointer, mean: Pointer, sums: Pointer, rows: number, channels: number): void;
  activate(y: Pointer, mean: Pointer, scale: Pointer, shift: Pointer, h: Pointer, rows: number, channels: number): void;
  conditionGradients(du: Pointer, h: Pointer, skip: Pointer, cond: Pointer, sumDu: Pointer, dTime: Pointer, rows: number, channels: number): void; // prettier-ignore
  activationGradient(du: Pointer, duSkip: Pointer, time: Pointer, h: Pointer, y: Pointer, mean: Pointer, dz: Pointer, sums: Pointer, rows: number, channels: number): void; // prettier-ignore
  normGradient(dz: Pointer, y: Pointer, mean: Pointer, a: Pointer, b: Pointer, d: Pointer, rows: number, channels: number): void; // prettier-ignore
  packFast(weight: Pointer, packed: Pointer, outputs: number, inputs: number, transposed: 0 | 1): void;
  fastConvolve(input: Pointer, transformed: Pointer, keep: 0 | 1, out: Pointer, rows: number, inputs: number, outputs: number, packed: Pointer, bias: Pointer, products: Pointer): void; // prettier-ignore
  fastWeightGradient(dy: Pointer, transformed: Pointer, gradient: Pointer, sums: Pointer, gradients: Pointer, rows: number, inputs: number, outputs: number): void; // prettier-ignore
  fastGradientRows(inputs: number, outputs: number): number;
  eluInPlace(y: Pointer, count: number): void;
  samplerStep(x: Pointer, epsilonTheta: Pointer, noise: Pointer, a: number, b: number, sigma: number, count: number): void; // prettier-ignore
  transposeMatrix(a: Pointer, pitch: number, out: Pointer, outPitch: number, rows: number, columns: number): void;
  packPanels(b: Pointer, pitch: number, panels: Pointer, inner: number, columns: number): void;
  panelProducts(a: Pointer, aPitch: number, panels: Pointer, out: Pointer, outPitch: number, rows: number, inner: number, columns: number): void; // prettier-ignore
  causalConvolve(x: Pointer, xPitch: number, weight: Pointer, bias: Pointer, pre: Pointer, out: Pointer, sequences: number, length: number, channels: number, nTaps: number): void; // prettier-ignore
  causalConvolveGradient(dOut: Pointer, pre: Pointer, x: Pointer, xPitch: number, weight: Pointer, dX: Pointer, dxPitch: number, dWeight: Pointer, dBias: Pointer, sequences: number, length: number, channels: number, nTaps: number): void; // prettier-ignore
  stateSpace(mixed: Pointer, mixedPitch: number, dt: Pointer, decay: Pointer, D: Pointer, y: Pointer, state: Pointer, sequences: number, length: number, nHeads: number, headDim: number, dState: number): void; // prettier-ignore
  stateSpaceScratch(length: number, headDim: number, dState: number): number;
  stateSpaceGradient(mixed: Pointer, mixedPitch: number, dt: Pointer, decay: Pointer, D: Pointer, dy: Pointer, dMixed: Pointer, dDt: Pointer, dLogDecay: Pointer, dD: Pointer, scratch: Pointer, sequences: number, length: number, nHeads: number, headDim: number, dState: number): void; // prettier-ignore
  gatedNorm(y: Pointer, z: Pointer, zPitch: number, weight: Pointer, out: Pointer, inverse: Pointer, rows: number, width: number): void; // prettier-ignore
  gatedNormGradient(dOut: Pointer, y: Pointer, z: Pointer, zPitch: number, weight: Pointer, inverse: Pointer, dY: Pointer, dZ: Pointer, dzPitch: number, dWeight: Pointer, rows: number, width: number): void; // prettier-ignore
}

/** The kernel as some processor runs it. */
export interface KernelProgram {
  /** Its functions on a memory, with pointers as offsets into it. */
  start(memory: WebAssembly.Memory): KernelCalls;
  /** Up to this token length the direct weight gradient is faster than the filtered one: kernel/README.md. */
  readonly directGradientUpTo: number;
}

const pageBytes = 65536;

/** Owns one WebAssembly memory, which grows and is released with the object. */
export class Kernel {
  readonly call: KernelCalls;
  /** Whether weight gradients are faster by the direct sum. */
  readonly prefersDirectGradient: boolean;
  /** Positions of a token, rounded up to whole tiles of the fast convolution, four vectors. */
  readonly width: number;
  /** Zeros before every channel of a haloed array. */
  readonly halo: number;
  readonly #memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  readonly #start: Pointer;
  #top: Pointer;

  constructor(
    program: KernelProgram,
    readonly dim: number,
    kernelSize: number,
  ) {
    this.call = program.start(this.#memory);
    this.prefersDirectGradient = dim <= program.directGradientUpTo;
    this.width = pitchOf(dim);
    this.halo = Math.ceil(Math.floor(kernelSize / 2) / 4) * 4;
    this.#start = this.#top = align(this.call.configure(dim, kernelSize));
  }

  /** Forgets every array. */
  reset(): void {
    this.#top = this.#start;
  }

  /** A zeroed array of `bytes`. *Errors* internal when WebAssembly's 4 GiB do not suffice. */
  allocate(bytes: number): Pointer {
    const pointer = this.#top;
    this.#top = align(pointer + bytes);
    const missing = this.#top - this.#memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.#memory.grow(Math.ceil(missing / pageBytes));
      } catch {
        throw internalError('kernel-memory', `the convolution kernel needs ${this.#top} bytes of WebAssembly memory`);
      }
    }
    new Uint8Array(this.#memory.buffer, pointer, bytes).fill(0);
    return pointer;
  }

  /** Zeroed (rows, channels, width). */
  plane(rows: number, channels: number): Pointer {
    return this.allocate(4 * rows * channels * this.width);
  }

  /** Zeroed (rows, channels, halo + width) and the halo after the last channel. */
  haloed(rows: number, channels: number): Pointer {
    return this.allocate(4 * (rows * channels * (this.width + this.halo) + this.halo));
  }

  floats(count: number): Pointer {
    return this.allocate(4 * count);
  }

  doubles(count: number): Pointer {
    return this.allocate(8 * count);
  }

  /** A view that is valid until the next allocation. */
  viewFloats(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, pointer, count);
  }

  viewDoubles(pointer: Pointer, count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, pointer, count);
  }

  /** Copies rows of `dim` values to an array whose rows are `pitch` floats apart, `offset` floats from its start. */
  writeRows(pointer: Pointer, values: Float32Array, pitch = this.width, offset = 0): void {
    const rows = values.length / this.dim;
    const view = this.viewFloats(pointer, rows * pitch + offset);
    copyRows(values, this.dim, view.subarray(offset), pitch);
  }

  /** The rows of a plane without its padding. */
  readRows(pointer: Pointer, rows: number): Float32Array {
    const values = new Float32Array(rows * this.dim);
    copyRows(this.viewFloats(pointer, rows * this.width), this.width, values, this.dim);
    return values;
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }
}

function align(pointer: Pointer): Pointer {
  return Math.ceil(pointer / 64) * 64;
}
