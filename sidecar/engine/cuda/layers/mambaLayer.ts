// One Mamba-2 layer on the queue, forward and backward. Two exact savings over the plain layer:
// - "shared" input: the first layer reads pe[l] + c[b], so its projection is made for L + b rows instead of b·L, and its
//   weight gradient likewise; only the b condition rows need an input gradient.
// - "chosen" rows: of the last layer's output only the rows that enter the loss are used, so the gate z, the norm and
//   out_proj are made for those alone. The state space itself still runs over every position.
// What backward needs is kept (projection, y); what is cheap (convolution, states, norm) is computed again.
import type { MambaLayerSpec } from '../../../model/recurrent/mamba';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';

/** Sequences the layer runs over. `gate`: the condition counts from this position on. */
export interface Sequences {
  readonly batch: number;
  readonly length: number;
  readonly gate: number;
}

/** Rows of the flattened (b·L) whose output is wanted; device int32. */
export interface ChosenRows {
  readonly pointer: bigint;
  readonly count: number;
}

export interface LayerInput {
  /** shared: (L + b, dModel), positions then conditions. full: (b·L, dModel). */
  readonly kind: 'shared' | 'full';
  readonly x: bigint;
}

/** Sizes the kernels are written for. */
const headDim = 64;
const maxState = 128;
const maxCausalTaps = 4;

/** What the kernels do not know of a layer, by the setting's name, or null. */
export function unsupportedLayer(layer: MambaLayerSpec): string | null {
  if (layer.headDim !== headDim) return `Mamba-2 heads of ${layer.headDim}; its kernels know ${headDim}`;
  if (layer.dState > maxState) return `recurrent.dState ${layer.dState}; its kernels know up to ${maxState}`;
  if (layer.dConv > maxCausalTaps) return `recurrent.dConv ${layer.dConv}; its kernels know up to ${maxCausalTaps}`;
  return null;
}

/** Positions per chunk, as in kernels/ssd.cu. */
const chunkSize = { f32: 32, bf16: 64 } as const;

export class MambaLayer {
  /** Width of a row of the whole projection z x B C dt, padded so that rows start on 16 bytes. */
  readonly #pitch: number;
  /** The same without z. */
  readonly #pitchX: number;
  readonly #convolved: number;
  readonly #nChunks: number;
  readonly #stateTile: 32 | 128;
  #saved: {
    projection: bigint;
    z: bigint;
    zPitch: number;
    x: bigint;
    xPitch: number;
    chosenInput: bigint;
    y: bigint;
  } | null = null;

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly prefix: string,
    readonly spec: MambaLayerSpec,
    readonly sequences: Sequences,
    readonly input: LayerInput,
    readonly chosen: ChosenRows | null,
  ) {
    const { dInner, dState, nHeads } = spec;
    this.#convolved = dInner + 2 * dState;
    this.#pitch = roundUp8(dInner + this.#convolved + nHeads);
    this.#pitchX = roundUp8(this.#convolved + nHeads);
    this.#nChunks = Math.ceil(sequences.length / chunkSize[queue.element]);
    this.#stateTile = dState <= 32 ? 32 : 128;
  }

  /** Rows of the output: the chosen ones, or all b·L. */
  get outputRows(): number {
    return this.chosen?.count ?? this.sequences.batch * this.sequences.length;
  }

  /** *Shapes* → (outputRows, dOutput), taken from the plan after what backward needs. */
  forward(): bigint {
    const { queue, parameters, spec } = this;
    const { dInner, dOutput } = spec;
    const rows = this.sequences.batch * this.sequences.length;
    this.#project();
    const y = queue.take('state space outputs', rows * dInner);
    this.#saved!.y = y;
    const out = queue.take('layer outputs', this.outputRows * dOutput);
    queue.memory.scope(() => {
      const { xc, dt, decay } = this.#convolve();
      const states = this.#states(xc, dt, decay, null);
      const headsPerBlock = spec.nHeads >= 64 ? 4 : 1;
      const grid = [Math.ceil(spec.nHeads / headsPerBlock), this.#nChunks, this.sequences.batch] as const;
      queue.launch(
        `ssdOutput_${this.#stateTile}`,
        grid,
        [128],
        [
          ...this.#xbc(xc),
          BigInt(this.#convolved),
          dt,
          decay,
          this.#value('D'),
          states,
          y,
          this.sequences.length,
          spec.nHeads,
          spec.dState,
          headsPerBlock,
        ],
        this.#sharedBytes('output'),
      );
    });
    queue.memory.scope(() => {
      const { normed } = this.#gateNorm();
      queue.linear(normed, parameters.matrix(`${this.prefix}.out_proj.weight`), out, {
        rows: this.outputRows,
        inputs: dInner,
        outputs: dOutput,
      });
    });
    return out;
  }

  /**
   * *Shapes* dOut (outputRows, dOutput) → gradient of the input, at `dInput`: (b·L, dModel) when full, (L + b, dModel) when
   * shared, of which the position rows are filled only if `positions`.
   */
  backward(dOut: bigint, dInput: bigint, positions: boolean): void {
    const { queue, parameters, prefix, spec, chosen, sequences, input } = this;
    const { dInner, dOutput, nHeads, dState, dConv } = spec;
    const { z, zPitch, x, xPitch, chosenInput, y } = this.#saved!;
    const rows = sequences.batch * sequences.length;
    const shared = input.kind === 'shared';
    const split = chosen !== null && !shared;
    const outProjection = `${prefix}.out_proj.weight`;
    queue.memory.scope(() => {
      const dy = queue.take('gradients of y', rows * dInner);
      // The gradient of the projection, laid out like the projection itself.
      const dProjection = queue.take('gradients of the projection', rows * (split ? this.#pitchX : this.#pitch));
      const dz = split ? queue.take('gradients of z', this.outputRows * dInner) : dProjection;
      const dzPitch = split ? dInner : this.#pitch;
      const dx = split ? dProjection : queue.at(dProjection, dInner);
      const dxPitch = split ? this.#pitchX : this.#pitch;
      if (chosen) {
        queue.clear(dy, queue.bytes(rows * dInner));
        if (shared) queue.clear(dProjection, queue.bytes(rows * this.#pitch));
      }
      queue.memory.scope(() => {
        const { normed, inverseRms } = this.#gateNorm();
        const gradient = parameters.gradient(outProjection);
        const shape = { rows: this.outputRows, inputs: dInner, outputs: dOutput };
        queue.linearWeightGradient(dOut, normed, gradient.pointer, gradient.element, shape);
        // The norm's output is done with: its gradient takes its place.
        queue.linearInputGradient(dOut, parameters.matrix(outProjection), normed, shape);
        parameters.finish(queue, outProjection, { beside: true });
        const rowsArgument = { ints: [sequences.length, sequences.gate, shared ? 1 : 0] };
        const chosenPointer = chosen?.pointer ?? 0n;
        const splits = Math.min(64, Math.ceil(this.outputRows / 8));
        const partial = queue.takeFloats('partial sums', splits * dInner);
        queue.launch(
          'gateNormWeightGradient',
          [Math.ceil(dInner / 256), splits],
          [128],
          [
            ...[
              normed,
              y,
              z,
              BigInt(zPitch),
              rowsArgument,
              chosenPointer,
              inverseRms,
              partial,
              this.outputRows,
              dInner,
            ],
          ],
        );
        queue.sumPartials(partial, splits, dInner, parameters.gradient(`${prefix}.norm.weight`).pointer);
        queue.launch(
          'gateNormBackward',
          [this.outputRows],
          [256],
          [
            ...[normed, y, z, BigInt(zPitch), rowsArgument, chosenPointer, this.#value('norm.weight'), inverseRms],
            ...[dy, dz, BigInt(dzPitch), dInner],
          ],
        );
      });
      queue.memory.scope(() => {
        const { xc, dt, decay } = this.#convolve();
        const states = this.#states(xc, dt, decay, null);
        const stateGradients = this.#states(xc, dt, decay, dy);
        const dxc = queue.take('gradients of x, B and C', rows * this.#convolved);
        const ddt = queue.takeFloats('gradients of dt', rows * nHeads);
        const groups = Math.min(nHeads, 16);
        const headsPerBlock = Math.ceil(nHeads / groups);
        const nGroups = Math.ceil(nHeads / headsPerBlock);
        const partialB = queue.takeFloats('partial sums', nGroups * rows * dState);
        const partialC = queue.takeFloats('partial sums', nGroups * rows * dState);
        const perChunk = sequences.batch * this.#nChunks;
        const partialA = queue.takeFloats('partial sums', perChunk * nHeads);
        const partialD = queue.takeFloats('partial sums', perChunk * nHeads);
        queue.launch(
          `ssdBackward_${this.#stateTile}`,
          [nGroups, this.#nChunks, sequences.batch],
          [256],
          [
            ...this.#xbc(xc),
            BigInt(this.#convolved),
            dt,
            decay,
            ...[this.#value('A_log'), this.#value('D'), states, stateGradients, dy, dxc, BigInt(this.#convolved), ddt],
            ...[partialB, partialC, partialA, partialD, sequences.length, nHeads, dState, headsPerBlock],
          ],
          this.#sharedBytes('backward'),
        );
        queue.launch(
          'ssdReduceGroups',
          [Math.ceil((rows * dState) / 256)],
          [256],
          [
            ...[partialB, partialC, queue.at(dxc, dInner), queue.at(dxc, dInner + dState)],
            ...[BigInt(this.#convolved), BigInt(rows), dState, nGroups],
          ],
        );
        queue.columnSums(partialA, nHeads, perChunk, nHeads, parameters.gradient(`${prefix}.A_log`).pointer, 0n, 'f32');
        queue.columnSums(partialD, nHeads, perChunk, nHeads, parameters.gradient(`${prefix}.D`).pointer, 0n, 'f32');
        const segment = segmentOf(sequences.length, 64);
        const segments = Math.ceil(sequences.length / segment);
        const partial = queue.takeFloats('partial sums', sequences.batch * segments * (dConv + 1) * this.#convolved);
        const rowsArgument = { ints: [sequences.length, sequences.gate, shared ? 1 : 0] };
        queue.launch(
          'mambaConvolveBackward',
          [Math.ceil(this.#convolved / 256), segments, sequences.batch],
          [128],
          [
            ...[x, BigInt(xPitch), rowsArgument, this.#value('conv1d.weight'), this.#value('conv1d.bias')],
            ...[dxc, dx, BigInt(dxPitch), partial, this.#convolved, dConv, segment],
          ],
        );
        queue.launchExact(
          'mambaReduceConvolution',
          [Math.ceil(((dConv + 1) * this.#convolved) / 128)],
          [128],
          [
            ...[partial, sequences.batch * segments, dConv, this.#convolved],
            parameters.gradient(`${prefix}.conv1d.weight`).pointer,
            parameters.gradient(`${prefix}.conv1d.bias`).pointer,
          ],
        );
        queue.each('mambaTimeStepBackward', rows * nHeads, [
          ...[queue.at(x, this.#convolved), BigInt(xPitch), rowsArgument, this.#value('dt_bias'), ddt],
          ...[queue.at(dx, this.#convolved), BigInt(dxPitch), BigInt(rows * nHeads), nHeads],
        ]);
        queue.columnSums(ddt, nHeads, rows, nHeads, parameters.gradient(`${prefix}.dt_bias`).pointer, 0n, 'f32');
      });
      queue.assumeBesideEnded();
      this.#projectionBackward({ dProjection, dz, dx, dInput, chosenInput, positions });
    });
  }

  #projectionBackward(at: {
    dProjection: bigint;
    dz: bigint;
    dx: bigint;
    dInput: bigint;
    chosenInput: bigint;
    positions: boolean;
  }): void {
    const { queue, parameters, prefix, spec, chosen, sequences, input } = this;
    const { dInner, dModel, nHeads } = spec;
    const { batch, length } = sequences;
    const name = `${prefix}.in_proj.weight`;
    const weight = parameters.matrix(name);
    const gradient = parameters.gradient(name);
    const outputs = dInner + this.#convolved + nHeads;
    const gradientAt = (row: number) => gradient.pointer + BigInt(row * dModel * (gradient.element === 'f32' ? 4 : 2));
    if (input.kind === 'shared') {
      queue.memory.scope(() => {
        const rows = length + batch;
        const dShared = queue.take('gradients of the shared projection', rows * this.#pitch);
        const rowsArgument = { ints: [length, sequences.gate, 1] };
        const columns = Math.ceil(outputs / 256);
        queue.launch(
          'reduceShared',
          [columns, rows],
          [128],
          [...[at.dProjection, BigInt(this.#pitch), dShared, BigInt(this.#pitch), rowsArgument, batch, outputs, 0]],
        );
        const shape = { inputs: dModel, outputs, lddy: this.#pitch };
        queue.linearWeightGradient(dShared, input.x, gradient.pointer, gradient.element, { rows, ...shape });
        const first = at.positions ? 0 : length;
        queue.linearInputGradient(queue.at(dShared, first * this.#pitch), weight, queue.at(at.dInput, first * dModel), {
          rows: rows - first,
          ...shape,
        });
      });
    } else if (chosen) {
      const rows = batch * length;
      const rest = outputs - dInner;
      const weightRest = queue.at(weight, dInner * dModel);
      queue.linearWeightGradient(at.dx, input.x, gradientAt(dInner), gradient.element, {
        rows,
        inputs: dModel,
        outputs: rest,
        lddy: this.#pitchX,
      });
      queue.linearWeightGradient(at.dz, at.chosenInput, gradient.pointer, gradient.element, {
        rows: chosen.count,
        inputs: dModel,
        outputs: dInner,
      });
      queue.linearInputGradient(at.dx, weightRest, at.dInput, {
        rows,
        inputs: dModel,
        outputs: rest,
        lddy: this.#pitchX,
      });
      queue.memory.scope(() => {
        const through = queue.take('gradients of the chosen inputs', chosen.count * dModel);
        queue.linearInputGradient(at.dz, weight, through, { rows: chosen.count, inputs: dModel, outputs: dInner });
        const count = chosen.count * dModel;
        queue.each('scatterRows', count, [through, chosen.pointer, at.dInput, BigInt(count), dModel, 1]);
      });
    } else {
      const shape = { rows: batch * length, inputs: dModel, outputs, lddy: this.#pitch };
      queue.linearWeightGradient(at.dProjection, input.x, gradient.pointer, gradient.element, shape);
      queue.linearInputGradient(at.dProjection, weight, at.dInput, shape);
    }
    parameters.finish(queue, name, { beside: input.kind === 'full' }); // a layer before this one follows
  }

  /** in_proj, for the rows that are needed. */
  #project(): void {
    const { queue, parameters, prefix, spec, chosen, sequences, input } = this;
    const { dInner, dModel, nHeads } = spec;
    const weight = parameters.matrix(`${prefix}.in_proj.weight`);
    const outputs = dInner + this.#convolved + nHeads;
    const all = sequences.batch * sequences.length;
    if (input.kind === 'shared' || !chosen) {
      const rows = input.kind === 'shared' ? sequences.length + sequences.batch : all;
      const projection = queue.take('projections', rows * this.#pitch);
      queue.linear(input.x, weight, projection, { rows, inputs: dModel, outputs, ldy: this.#pitch });
      const x = queue.at(projection, dInner);
      this.#saved = { projection, z: projection, zPitch: this.#pitch, x, xPitch: this.#pitch, chosenInput: 0n, y: 0n };
      return;
    }
    const x = queue.take('projections', all * this.#pitchX);
    queue.linear(input.x, queue.at(weight, dInner * dModel), x, {
      rows: all,
      inputs: dModel,
      outputs: outputs - dInner,
      ldy: this.#pitchX,
    });
    const chosenInput = queue.take('chosen inputs', chosen.count * dModel);
    const z = queue.take('gates', chosen.count * dInner);
    queue.each('gatherRows', chosen.count * dModel, [
      input.x,
      chosen.pointer,
      chosenInput,
      BigInt(chosen.count * dModel),
      dModel,
    ]);
    queue.linear(chosenInput, weight, z, { rows: chosen.count, inputs: dModel, outputs: dInner });
    this.#saved = { projection: x, z, zPitch: dInner, x, xPitch: this.#pitchX, chosenInput, y: 0n };
  }

  /** x B C after convolution and SiLU; dt and its cumulative decay per chunk. */
  #convolve(): { xc: bigint; dt: bigint; decay: bigint } {
    const { queue, spec, sequences } = this;
    const { x, xPitch } = this.#saved!;
    const rows = sequences.batch * sequences.length;
    const rowsArgument = { ints: [sequences.length, sequences.gate, this.input.kind === 'shared' ? 1 : 0] };
    const xc = queue.take('x, B and C', rows * this.#convolved);
    const q = chunkSize[queue.element];
    const steps = sequences.batch * this.#nChunks * spec.nHeads * q;
    const dt = queue.takeFloats('dt', steps);
    const decay = queue.takeFloats('dt', steps);
    queue.launch(
      'mambaConvolve',
      [
        Math.ceil(this.#convolved / 256),
        Math.ceil(sequences.length / segmentOf(sequences.length, 32)),
        sequences.batch,
      ],
      [128],
      [
        ...[
          x,
          BigInt(xPitch),
          rowsArgument,
          this.#value('conv1d.weight'),
          this.#value('conv1d.bias'),
          xc,
          this.#convolved,
          spec.dConv,
          segmentOf(sequences.length, 32),
        ],
      ],
    );
    queue.launch(
      'mambaDecay',
      [Math.ceil(spec.nHeads / 8), this.#nChunks, sequences.batch],
      [32, 8],
      [
        ...[queue.at(x, this.#convolved), BigInt(xPitch), rowsArgument, this.#value('dt_bias'), this.#value('A_log')],
        ...[dt, decay, spec.nHeads, q],
      ],
    );
    return { xc, dt, decay };
  }

  /** States before every chunk; or with dy the gradients of the states after every chunk. */
  #states(xc: bigint, dt: bigint, decay: bigint, dy: bigint | null): bigint {
    const { queue, spec, sequences } = this;
    const { nHeads, dState, dInner } = spec;
    const states = queue.take('states', sequences.batch * this.#nChunks * nHeads * headDim * dState);
    const [x, b, c] = this.#xbc(xc);
    const stride = BigInt(this.#convolved);
    queue.launch(
      `ssdStates_${this.#stateTile}`,
      [Math.ceil(nHeads / 2), sequences.batch],
      [256],
      [
        ...(dy === null ? [x, stride, b, stride] : [dy, BigInt(dInner), c, stride]),
        ...[dt, decay, states, sequences.length, nHeads, dState, dy === null ? 0 : 1],
      ],
      this.#sharedBytes('states'),
    );
    return states;
  }

  /** The norm's output for the output rows. *Shapes* (outputRows, dInner), (outputRows). */
  #gateNorm(): { normed: bigint; inverseRms: bigint } {
    const { queue, spec, sequences, chosen } = this;
    const { z, zPitch, y } = this.#saved!;
    const normed = queue.take('normed', this.outputRows * spec.dInner);
    const inverseRms = queue.takeFloats('inverse rms', this.outputRows);
    queue.launch(
      'gateNorm',
      [this.outputRows],
      [256],
      [
        ...[y, z, BigInt(zPitch), { ints: [sequences.length, sequences.gate, this.input.kind === 'shared' ? 1 : 0] }],
        ...[chosen?.pointer ?? 0n, this.#value('norm.weight'), normed, inverseRms, spec.dInner],
      ],
    );
    return { normed, inverseRms };
  }

  #xbc(xc: bigint): [bigint, bigint, bigint] {
    const { dInner, dState } = this.spec;
    return [xc, this.queue.at(xc, dInner), this.queue.at(xc, dInner + dState)];
  }

  #value(name: string): bigint {
    return this.parameters.value(`${this.prefix}.${name}`);
  }

  /** Dynamic shared memory of the state-space kernels, from their tile sizes. */
  #sharedBytes(kernel: 'states' | 'output' | 'backward'): number {
    const q = chunkSize[this.queue.element];
    const size = this.queue.bytes(1);
    const pad = 16 / size;
    const head = q * (headDim + pad);
    const state = this.#stateTile + pad;
    const square = q * (q + pad);
    const elements = {
      states: 2 * (2 * head + q * state),
      output: (q + headDim) * state + head + square,
      backward: (2 * q + headDim) * state + 2 * head + 2 * square,
    };
    return elements[kernel] * size;
  }
}

/** Positions a thread of the convolution walks: few in short sequences, whose time is latency. */
const segmentOf = (length: number, most: number) => (length <= 256 ? 8 : most);

const roundUp8 = (n: number) => Math.ceil(n / 8) * 8;
