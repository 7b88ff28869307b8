// Mamba-2 layers on the SIMD kernel: tfjs sees one operation with a gradient, from the layers' input and weights to their
// output; everything between stays in the kernel's memory. `mamba.ts` is the plain composition it is compared with.
import type { MambaLayerSpec, MambaSpec } from '../../../model/recurrent/mamba';
import { Kernel, type KernelProgram, type Pointer } from '../kernel/kernel';
import { copyRows, pitchOf, vector } from '../kernel/rows';
import { differentiable } from '../ops/differentiable';
import { tf, type Tensor, type Tensor3D } from '../tf';
import type { Weights } from '../weights';

/** Whether the kernel's pairs of vectors fit every layer: they run along a head, which is 64 wide in every published model. */
export function kernelFits(spec: MambaSpec): boolean {
  return spec.layers.every(({ headDim }) => headDim % (2 * vector) === 0);
}

/** Weights of a layer, in the order of its gradients. */
const weightNames = ['in_proj.weight', 'conv1d.weight', 'conv1d.bias', 'dt_bias', 'A_log', 'D', 'norm.weight', 'out_proj.weight']; // prettier-ignore

/** Sizes of a layer's arrays. A projected row is [z | x B C | dt], each part from a multiple of the vector on. */
interface LayerSizes extends MambaLayerSpec {
  prefix: string;
  inputPitch: number;
  outputPitch: number;
  /** Channels of the causal convolution, and their pitch. */
  convolved: number;
  convolvedPitch: number;
  /** Where dt begins in a projected row, and where the row ends. */
  dtColumn: number;
  projectedPitch: number;
}

/** Arrays of a layer; rows are positions of all sequences. */
interface LayerArrays {
  input: Pointer;
  inWeight: Pointer;
  projected: Pointer;
  convWeight: Pointer;
  convBias: Pointer;
  pre: Pointer;
  mixed: Pointer;
  dt: Pointer;
  decay: Pointer;
  D: Pointer;
  y: Pointer;
  inverse: Pointer;
  normWeight: Pointer;
  normed: Pointer;
  outWeight: Pointer;
  output: Pointer;
}

/** Arrays that layers use one after the other. */
interface Scratch {
  panels: Pointer;
  transposed: Pointer;
  dProjected: Pointer;
  dMixed: Pointer;
  dNormed: Pointer;
  dDt: Pointer;
  dLogDecay: Pointer;
  dD: Pointer;
  weightGradient: Pointer;
  vectorGradient: Pointer;
  convGradient: Pointer;
  stateSpace: Pointer;
  /** Gradients of a layer's output and input; they change places from layer to layer. */
  dOutput: Pointer;
  dInput: Pointer;
}

/** Owns a kernel with the activations of the last forward pass. */
export class KernelMamba {
  readonly #kernel: Kernel;
  readonly #layers: readonly LayerSizes[];
  #sequences = 0;
  #length = 0;
  #arrays: LayerArrays[] = [];
  #scratch!: Scratch; // laid out by the first forward pass

  constructor(
    spec: MambaSpec,
    readonly weights: Weights,
    program: KernelProgram,
  ) {
    this.#kernel = new Kernel(program, vector, 1);
    this.#layers = spec.layers.map((layer, n) => sizesOf(layer, `model.mamba_forward.${n}`));
  }

  get bytes(): number {
    return this.#kernel.bytes;
  }

  /** *Shapes* x (b, l, dModel) → (b, l, dOutput of the last layer). The gradient belongs to the latest call. */
  run(x: Tensor3D): Tensor3D {
    const weights = this.#layers.flatMap(({ prefix }) =>
      weightNames.map(name => this.weights.get(`${prefix}.${name}`)),
    );
    return differentiable<Tensor3D>([x, ...weights], () => {
      const [b, l] = x.shape;
      this.#plan(b, l);
      const first = this.#layers[0]!;
      this.#writeRows(this.#arrays[0]!.input, x.dataSync<'float32'>(), first.dModel, first.inputPitch);
      this.#layers.forEach((layer, index) => this.#forward(layer, this.#arrays[index]!));
      const last = this.#layers.at(-1)!;
      const values = this.#readRows(this.#arrays.at(-1)!.output, b * l, last.dOutput, last.outputPitch);
      return { value: tf.tensor3d(values, [b, l, last.dOutput]), gradient: dy => this.#backward(dy, x.shape) };
    });
  }

  #plan(sequences: number, length: number): void {
    if (sequences === this.#sequences && length === this.#length) return;
    const kernel = this.#kernel;
    kernel.reset();
    [this.#sequences, this.#length] = [sequences, length];
    const n = sequences * length;
    this.#arrays = [];
    for (const [index, layer] of this.#layers.entries()) {
      const { dInner, nHeads, dConv, dOutput, inputPitch, outputPitch, convolvedPitch, projectedPitch } = layer;
      this.#arrays.push({
        input: index === 0 ? kernel.floats(n * inputPitch) : this.#arrays[index - 1]!.output,
        inWeight: kernel.floats(projectedPitch * inputPitch),
        projected: kernel.floats(n * projectedPitch),
        convWeight: kernel.floats(dConv * convolvedPitch),
        convBias: kernel.floats(convolvedPitch),
        pre: kernel.floats(n * convolvedPitch),
        mixed: kernel.floats(n * convolvedPitch),
        dt: kernel.floats(n * nHeads),
        decay: kernel.floats(n * nHeads),
        D: kernel.floats(nHeads),
        y: kernel.floats(n * dInner),
        inverse: kernel.floats(n),
        normWeight: kernel.floats(dInner),
        normed: kernel.floats(n * dInner),
        outWeight: kernel.floats(dOutput * dInner),
        output: kernel.floats(n * outputPitch),
      });
    }
    this.#scratch = this.#planScratch(n);
  }

  #planScratch(n: number): Scratch {
    const kernel = this.#kernel;
    const most = (size: (layer: LayerSizes) => number) => Math.max(...this.#layers.map(size));
    const widest = most(layer => Math.max(layer.inputPitch, layer.outputPitch));
    // A matrix that is multiplied from the right is packed: a weight, or the rows of a layer's input or normed output.
    const weight = most(l => Math.max(l.projectedPitch * l.inputPitch, l.outputPitch * l.dInner));
    const rows = n * most(l => Math.max(l.inputPitch, l.dInner));
    return {
      panels: kernel.floats(Math.max(weight, rows)),
      transposed: kernel.floats(Math.max(weight, n * most(l => Math.max(l.projectedPitch, l.outputPitch)))),
      dProjected: kernel.floats(n * most(l => l.projectedPitch)),
      dMixed: kernel.floats(n * most(l => l.convolvedPitch)),
      dNormed: kernel.floats(n * most(l => l.dInner)),
      dDt: kernel.floats(n * most(l => l.nHeads)),
      dLogDecay: kernel.floats(n * most(l => l.nHeads)),
      dD: kernel.doubles(most(l => l.nHeads)),
      weightGradient: kernel.floats(weight),
      vectorGradient: kernel.floats(most(l => Math.max(l.dInner, l.convolvedPitch))),
      convGradient: kernel.floats(most(l => l.dConv * l.convolvedPitch)),
      stateSpace: kernel.floats(most(l => kernel.call.stateSpaceScratch(this.#length, l.headDim, l.dState))),
      dOutput: kernel.floats(n * widest),
      dInput: kernel.floats(n * widest),
    };
  }

  #forward(layer: LayerSizes, arrays: LayerArrays): void {
    const { dModel, dInner, dOutput, dState, nHeads, headDim, dConv, inputPitch, outputPitch, convolvedPitch, projectedPitch } = layer; // prettier-ignore
    const { call } = this.#kernel;
    const { panels, transposed, stateSpace } = this.#scratch;
    const [sequences, length] = [this.#sequences, this.#length];
    const n = sequences * length;
    this.#load(layer, arrays);
    call.transposeMatrix(arrays.inWeight, inputPitch, transposed, projectedPitch, projectedPitch, dModel);
    call.packPanels(transposed, projectedPitch, panels, dModel, projectedPitch);
    call.panelProducts(arrays.input, inputPitch, panels, arrays.projected, projectedPitch, n, dModel, projectedPitch);
    const xBC = arrays.projected + 4 * dInner;
    call.causalConvolve(xBC, projectedPitch, arrays.convWeight, arrays.convBias, arrays.pre, arrays.mixed, sequences, length, convolvedPitch, dConv); // prettier-ignore
    this.#timeSteps(layer, arrays);
    call.stateSpace(arrays.mixed, convolvedPitch, arrays.dt, arrays.decay, arrays.D, arrays.y, stateSpace, sequences, length, nHeads, headDim, dState); // prettier-ignore
    call.gatedNorm(arrays.y, arrays.projected, projectedPitch, arrays.normWeight, arrays.normed, arrays.inverse, n, dInner); // prettier-ignore
    this.#clear(transposed, dInner * outputPitch);
    call.transposeMatrix(arrays.outWeight, dInner, transposed, outputPitch, dOutput, dInner);
    call.packPanels(transposed, outputPitch, panels, dInner, outputPitch);
    call.panelProducts(arrays.normed, dInner, panels, arrays.output, outputPitch, n, dInner, outputPitch);
  }

  #load(layer: LayerSizes, arrays: LayerArrays): void {
    const { prefix, dModel, dInner, dConv, convolved, convolvedPitch, inputPitch } = layer;
    const kernel = this.#kernel;
    const values = (name: string) => this.weights.get(`${prefix}.${name}`).dataSync<'float32'>();
    const inWeight = values('in_proj.weight');
    const padded = kernel.viewFloats(arrays.inWeight, layer.projectedPitch * inputPitch);
    for (let row = 0; row * dModel < inWeight.length; row++)
      padded.set(inWeight.subarray(row * dModel, (row + 1) * dModel), projectedColumn(layer, row) * inputPitch);
    const filters = values('conv1d.weight');
    const byTap = kernel.viewFloats(arrays.convWeight, dConv * convolvedPitch);
    for (let c = 0; c < convolved; c++)
      for (let k = 0; k < dConv; k++) byTap[k * convolvedPitch + c] = filters[c * dConv + k]!;
    kernel.viewFloats(arrays.convBias, convolved).set(values('conv1d.bias'));
    kernel.viewFloats(arrays.D, layer.nHeads).set(values('D'));
    kernel.viewFloats(arrays.normWeight, dInner).set(values('norm.weight'));
    kernel.viewFloats(arrays.outWeight, layer.dOutput * dInner).set(values('out_proj.weight'));
  }

  /** dt = softplus(projected + dt_bias) and decay = exp(A · dt), on the host: few values, in float64. */
  #timeSteps(layer: LayerSizes, { projected, dt, decay }: LayerArrays): void {
    const { nHeads, prefix } = layer;
    const n = this.#sequences * this.#length;
    const rows = this.#kernel.viewFloats(projected, n * layer.projectedPitch);
    const dts = this.#kernel.viewFloats(dt, n * nHeads);
    const decays = this.#kernel.viewFloats(decay, n * nHeads);
    const bias = this.weights.get(`${prefix}.dt_bias`).dataSync<'float32'>();
    const A = negativeExponentials(this.weights.get(`${prefix}.A_log`).dataSync<'float32'>());
    for (let row = 0; row < n; row++) {
      const raw = row * layer.projectedPitch + layer.dtColumn;
      for (let h = 0; h < nHeads; h++) {
        const at = row * nHeads + h;
        dts[at] = softplus(rows[raw + h]! + bias[h]!);
        decays[at] = Math.exp(A[h]! * dts[at]);
      }
    }
  }

  #backward(dy: Tensor3D, inputShape: [number, number, number]): Tensor[] {
    const last = this.#layers.at(-1)!;
    const n = this.#sequences * this.#length;
    this.#clear(this.#scratch.dOutput, n * last.outputPitch);
    this.#writeRows(this.#scratch.dOutput, dy.dataSync<'float32'>(), last.dOutput, last.outputPitch);
    const gradients: Tensor[] = [];
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      gradients.unshift(...this.#layerBackward(this.#layers[index]!, this.#arrays[index]!));
      const { dOutput, dInput } = this.#scratch;
      Object.assign(this.#scratch, { dOutput: dInput, dInput: dOutput });
    }
    const first = this.#layers[0]!;
    const dx = this.#readRows(this.#scratch.dOutput, n, first.dModel, first.inputPitch);
    return [tf.tensor3d(dx, inputShape), ...gradients];
  }

  /** From scratch.dOutput to scratch.dInput; returns the gradients of the layer's weights. */
  #layerBackward(layer: LayerSizes, arrays: LayerArrays): Tensor[] {
    const { dModel, dInner, dOutput, dState, nHeads, headDim, dConv, inputPitch, outputPitch, convolved, convolvedPitch, projectedPitch } = layer; // prettier-ignore
    const kernel = this.#kernel;
    const { call } = kernel;
    const s = this.#scratch;
    const [sequences, length] = [this.#sequences, this.#length];
    const n = sequences * length;

    call.transposeMatrix(s.dOutput, outputPitch, s.transposed, n, n, dOutput);
    call.packPanels(arrays.normed, dInner, s.panels, n, dInner);
    call.panelProducts(s.transposed, n, s.panels, s.weightGradient, dInner, dOutput, n, dInner);
    const dOutWeight = kernel.viewFloats(s.weightGradient, dOutput * dInner).slice();
    call.packPanels(arrays.outWeight, dInner, s.panels, dOutput, dInner);
    call.panelProducts(s.dOutput, outputPitch, s.panels, s.dNormed, dInner, n, dOutput, dInner);

    this.#clear(s.dProjected, n * projectedPitch);
    this.#clear(s.vectorGradient, dInner);
    call.gatedNormGradient(s.dNormed, arrays.y, arrays.projected, projectedPitch, arrays.normWeight, arrays.inverse, s.dNormed, s.dProjected, projectedPitch, s.vectorGradient, n, dInner); // prettier-ignore
    const dNormWeight = kernel.viewFloats(s.vectorGradient, dInner).slice();

    this.#clear(s.dMixed, n * convolvedPitch);
    kernel.viewDoubles(s.dD, nHeads).fill(0);
    call.stateSpaceGradient(arrays.mixed, convolvedPitch, arrays.dt, arrays.decay, arrays.D, s.dNormed, s.dMixed, s.dDt, s.dLogDecay, s.dD, s.stateSpace, sequences, length, nHeads, headDim, dState); // prettier-ignore
    const { dDtBias, dALog } = this.#timeStepGradients(layer, arrays);

    this.#clear(s.convGradient, dConv * convolvedPitch);
    this.#clear(s.vectorGradient, convolvedPitch);
    const xBC = 4 * dInner;
    call.causalConvolveGradient(s.dMixed, arrays.pre, arrays.projected + xBC, projectedPitch, arrays.convWeight, s.dProjected + xBC, projectedPitch, s.convGradient, s.vectorGradient, sequences, length, convolvedPitch, dConv); // prettier-ignore
    const byTap = kernel.viewFloats(s.convGradient, dConv * convolvedPitch);
    const dFilters = new Float32Array(convolved * dConv);
    dFilters.forEach((_, i) => (dFilters[i] = byTap[(i % dConv) * convolvedPitch + Math.floor(i / dConv)]!));
    const dConvBias = kernel.viewFloats(s.vectorGradient, convolved).slice();

    call.transposeMatrix(s.dProjected, projectedPitch, s.transposed, n, n, projectedPitch);
    call.packPanels(arrays.input, inputPitch, s.panels, n, inputPitch);
    call.panelProducts(s.transposed, n, s.panels, s.weightGradient, inputPitch, projectedPitch, n, inputPitch);
    const padded = kernel.viewFloats(s.weightGradient, projectedPitch * inputPitch);
    const dInWeight = new Float32Array((dInner + convolved + nHeads) * dModel);
    for (let row = 0; row * dModel < dInWeight.length; row++) {
      const from = projectedColumn(layer, row) * inputPitch;
      dInWeight.set(padded.subarray(from, from + dModel), row * dModel);
    }
    call.packPanels(arrays.inWeight, inputPitch, s.panels, projectedPitch, inputPitch);
    call.panelProducts(s.dProjected, projectedPitch, s.panels, s.dInput, inputPitch, n, projectedPitch, inputPitch);

    const gradients = [dInWeight, dFilters, dConvBias, dDtBias, dALog, Float32Array.from(kernel.viewDoubles(s.dD, nHeads)), dNormWeight, dOutWeight]; // prettier-ignore
    return gradients.map((values, i) =>
      tf.tensor(values, this.weights.get(`${layer.prefix}.${weightNames[i]!}`).shape),
    );
  }

  /** Gradients of dt's projection (into scratch.dProjected), of dt_bias and of A_log. */
  #timeStepGradients(layer: LayerSizes, arrays: LayerArrays): { dDtBias: Float32Array; dALog: Float32Array } {
    const { nHeads, prefix, dtColumn, projectedPitch } = layer;
    const n = this.#sequences * this.#length;
    const view = (pointer: Pointer, columns: number) => this.#kernel.viewFloats(pointer, n * columns);
    const [rows, dRows] = [view(arrays.projected, projectedPitch), view(this.#scratch.dProjected, projectedPitch)];
    const [dt, dDt, dLog] = [arrays.dt, this.#scratch.dDt, this.#scratch.dLogDecay].map(p => view(p, nHeads)) as [Float32Array, Float32Array, Float32Array]; // prettier-ignore
    const bias = this.weights.get(`${prefix}.dt_bias`).dataSync<'float32'>();
    const A = negativeExponentials(this.weights.get(`${prefix}.A_log`).dataSync<'float32'>());
    const dBias = new Float64Array(nHeads);
    const dA = new Float64Array(nHeads);
    for (let row = 0; row < n; row++)
      for (let h = 0; h < nHeads; h++) {
        const at = row * nHeads + h;
        const raw = row * projectedPitch + dtColumn + h;
        const dRaw = (dDt[at]! + A[h]! * dLog[at]!) / (1 + Math.exp(-rows[raw]! - bias[h]!));
        dRows[raw] = dRaw;
        dBias[h]! += dRaw;
        dA[h]! += dt[at]! * dLog[at]!;
      }
    return { dDtBias: Float32Array.from(dBias), dALog: Float32Array.from(dA, (value, h) => value * A[h]!) };
  }

  #clear(pointer: Pointer, count: number): void {
    this.#kernel.viewFloats(pointer, count).fill(0);
  }

  #writeRows(pointer: Pointer, values: Float32Array, columns: number, pitch: number): void {
    copyRows(values, columns, this.#kernel.viewFloats(pointer, (values.length / columns) * pitch), pitch);
  }

  #readRows(pointer: Pointer, rows: number, columns: number, pitch: number): Float32Array {
    const values = new Float32Array(rows * columns);
    copyRows(this.#kernel.viewFloats(pointer, rows * pitch), pitch, values, columns);
    return values;
  }
}

function sizesOf(layer: MambaLayerSpec, prefix: string): LayerSizes {
  const convolved = layer.dInner + 2 * layer.dState;
  const dtColumn = layer.dInner + pitchOf(convolved);
  return {
    ...layer,
    prefix,
    inputPitch: pitchOf(layer.dModel),
    outputPitch: pitchOf(layer.dOutput),
    convolved,
    convolvedPitch: pitchOf(convolved),
    dtColumn,
    projectedPitch: dtColumn + pitchOf(layer.nHeads),
  };
}

/** Where a row of in_proj's weight lies in a projected row. */
function projectedColumn({ dInner, convolved, dtColumn }: LayerSizes, row: number): number {
  return row < dInner + convolved ? row : dtColumn + row - dInner - convolved;
}

function negativeExponentials(aLog: Float32Array): Float64Array {
  return Float64Array.from(aLog, value => -Math.exp(value));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
