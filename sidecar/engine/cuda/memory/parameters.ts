// A model's parameters on the card: float32 values and AdamW moments in flat arrays, the bfloat16 copy that products read,
// and gradients. Large matrices share two gradient buffers in scratch memory: each matrix is updated as soon as its gradient is
// there and its weights have been read for the last time, beside the products that follow, so that the gradients of a
// billion weights are never held at once.
import { initialWeights } from '../../../model/initialValues';
import type { ModelSpec } from '../../../model/modelSpec';
import { elementCount, type NamedArrays } from '../../../util/namedArrays';
import type { ParameterEntry } from '../../../model/parameterEntry';
import { parameterInventory, trainedEntries } from '../../../model/parameterInventory';
import type { OptimizerState } from '../../engine';
import { otherWeights } from '../driver/cudaErrors';
import type { ElementType } from '../driver/cublasLt';
import type { CudaDevice } from '../driver/driver';
import type { PlanLine } from './memoryPlan';
import { elementBytes, type Queue } from '../driver/queue';

export type { OptimizerState };

/** Matrices from this size on are updated one by one. */
const largeMatrix = 2 ** 20;
const alignment = 256;
const stateBlock = 256;

export interface Slot {
  readonly entry: ParameterEntry;
  readonly size: number;
  /** Elements from the start of the flat arrays (trained) or of the constants. */
  readonly offset: number;
  readonly trained: boolean;
  readonly large: boolean;
}

/** Sizes of everything a model keeps on the card, before anything is taken. */
export interface ParameterLayout {
  readonly inventory: readonly ParameterEntry[];
  readonly slots: ReadonlyMap<string, Slot>;
  readonly trainedSize: number;
  /** Where the small trained parameters begin: one optimizer pass does all of them. */
  readonly smallOffset: number;
  readonly constantSize: number;
  readonly largestMatrix: number;
  readonly lines: readonly PlanLine[];
}

export function layoutParameters(
  spec: ModelSpec,
  element: ElementType,
  optimizerState: OptimizerState,
): ParameterLayout {
  const inventory = parameterInventory(spec);
  const trained = trainedEntries(inventory);
  const isLarge = (entry: ParameterEntry) =>
    entry.shape.length === 2 &&
    elementCount(entry.shape) >= largeMatrix &&
    entry.name.endsWith('.weight') &&
    !entry.name.startsWith('to_');
  const slots = new Map<string, Slot>();
  let offset = 0;
  const place = (entry: ParameterEntry, large: boolean, isTrained: boolean) => {
    const size = elementCount(entry.shape);
    slots.set(entry.name, { entry, size, offset, trained: isTrained, large });
    offset += Math.ceil(size / alignment) * alignment;
  };
  for (const entry of trained) if (isLarge(entry)) place(entry, true, true);
  const smallOffset = offset;
  for (const entry of trained) if (!isLarge(entry)) place(entry, false, true);
  const trainedSize = offset;
  offset = 0;
  for (const entry of inventory) if (!slots.has(entry.name)) place(entry, false, false);
  const largestMatrix = Math.max(0, ...[...slots.values()].filter(slot => slot.large).map(slot => slot.size));
  const momentBytes = { float32: 8, uint8: 2 + 8 / stateBlock, none: 0 }[optimizerState];
  const isTraining = optimizerState !== 'none';
  return {
    inventory,
    slots,
    trainedSize,
    smallOffset,
    constantSize: offset,
    largestMatrix,
    lines: [
      { name: 'weights', bytes: (trainedSize + offset) * 4 },
      ...(isTraining ? [{ name: 'optimizer state', bytes: trainedSize * momentBytes }] : []),
      ...(element === 'bf16' ? [{ name: 'bfloat16 weights', bytes: trainedSize * 2 }] : []),
      ...(isTraining ? [{ name: 'gradients', bytes: (trainedSize - smallOffset) * 4 }] : []),
    ],
  };
}

/** Parameters, moments and gradients of one open model. */
export class Parameters {
  #weights = 0n;
  #constants = 0n;
  #copies = 0n;
  #moments: bigint[];
  /** Scratch for large gradients, used in turn; which name has which; whether an update may still read it. */
  #large: {
    buffers: readonly [bigint, bigint];
    owner: Map<string, 0 | 1>;
    busy: [boolean, boolean];
    next: 0 | 1;
  } | null = null;
  #smallGradients = 0n;
  /** Eight scalars of the step, see AdamW in kernels/optimizer.cu; the model places them among its inputs. */
  hyper = 0n;
  /** Called instead of the optimizer when a gradient is complete: gradients are wanted, not a step. */
  collect: ((slot: Slot, pointer: bigint, element: ElementType) => void) | null = null;

  constructor(
    readonly device: CudaDevice,
    readonly layout: ParameterLayout,
    readonly element: ElementType,
    readonly optimizerState: OptimizerState,
  ) {
    this.#moments = { float32: [0n, 0n], uint8: [0n, 0n, 0n], none: [] }[optimizerState];
  }

  /** Takes the memory; before it, addresses count from zero, which is all that planning needs. *Errors* out of memory. */
  allocate(): void {
    const { element, optimizerState, device } = this;
    const take = (bytes: number, what: string, remedy: string) => device.allocate(bytes, what, remedy);
    const { trainedSize, smallOffset, constantSize } = this.layout;
    const smaller = 'Lower recurrent.dModel or tokens.dimPerToken';
    this.#weights = take(trainedSize * 4, 'the weights', smaller);
    this.#constants = take(constantSize * 4, 'the buffers', smaller);
    this.#copies = element === 'bf16' ? take(trainedSize * 2, 'the bfloat16 weights', smaller) : 0n;
    const eightBit = 'Set training.optimizerState to uint8, or lower recurrent.dModel';
    const moment = (bytes: number) => take(bytes, 'the optimizer state', eightBit);
    this.#moments = this.#moments.map((_, i) => moment(this.#momentBytes(i)));
    const gradientBytes = optimizerState === 'none' ? 0 : (trainedSize - smallOffset) * 4;
    if (gradientBytes > 0) this.#smallGradients = take(gradientBytes, 'the gradients', smaller);
    for (const [pointer, bytes] of [
      [this.#weights, trainedSize * 4],
      [this.#constants, constantSize * 4],
      ...this.#moments.map((pointer, i) => [pointer, this.#momentBytes(i)] as const),
      [this.#smallGradients, gradientBytes],
    ] as const) {
      if (bytes > 0) device.clear(pointer, bytes);
    }
  }

  has(name: string): boolean {
    return this.layout.slots.has(name);
  }

  /** Float32 values. */
  value(name: string): bigint {
    const slot = this.#slot(name);
    return (slot.trained ? this.#weights : this.#constants) + BigInt(slot.offset * 4);
  }

  /** What matrix products read: bfloat16 copies, or the values themselves. */
  matrix(name: string): bigint {
    return this.element === 'f32' ? this.value(name) : this.#copies + BigInt(this.#slot(name).offset * 2);
  }

  /** Takes the large gradients' scratch for what `run` queues; its updates have ended when the scope does. */
  withLargeGradients(queue: Queue, run: () => void): void {
    const bytes = this.layout.largestMatrix * elementBytes[this.element];
    queue.memory.scope(() => {
      const take = () => (bytes > 0 ? queue.memory.take('large gradients', bytes) : 0n);
      this.#large = { buffers: [take(), take()], owner: new Map(), busy: [false, false], next: 0 };
      this.#queue = queue;
      run();
      for (const lane of [0, 1] as const) if (this.#large.busy[lane]) queue.join(lane);
      this.#large = null;
    });
  }

  #queue: Queue | null = null;

  #largeBuffer(name: string): 0 | 1 {
    const large = this.#large!;
    const known = large.owner.get(name);
    if (known !== undefined) return known;
    const lane = large.next;
    large.next = lane === 0 ? 1 : 0;
    if (large.busy[lane]) this.#queue!.join(lane);
    large.busy[lane] = false;
    large.owner.set(name, lane);
    return lane;
  }

  /** Where a gradient goes and in which type; 0n for what is not trained. */
  gradient(name: string): { pointer: bigint; element: ElementType } {
    const slot = this.#slot(name);
    if (!slot.trained) return { pointer: 0n, element: 'f32' };
    if (slot.large) return { pointer: this.#large!.buffers[this.#largeBuffer(name)], element: this.element };
    return { pointer: this.#smallGradients + BigInt((slot.offset - this.layout.smallOffset) * 4), element: 'f32' };
  }

  /** First of a step: gradients nobody writes are zero. */
  clearGradients(queue: Queue): void {
    queue.clear(this.#smallGradients, (this.layout.trainedSize - this.layout.smallOffset) * 4);
  }

  /**
   * The gradient is complete and the weights will not be read again in this step. Small parameters wait for `finishSmall`.
   * `beside`: enough follows that a few multiprocessors can make the update meanwhile.
   */
  finish(queue: Queue, name: string, { beside = false } = {}): void {
    const slot = this.#slot(name);
    if (!slot.large) return;
    const { pointer, element } = this.gradient(name);
    const large = this.#large!;
    const lane = this.#largeBuffer(name);
    large.owner.delete(name);
    if (this.collect) {
      this.collect(slot, pointer, element);
    } else {
      const bytes = slot.size * 28;
      // Eight-bit state is arithmetic more than memory: few blocks would be too slow.
      const blocks = beside && this.optimizerState === 'float32' ? queue.besideBlocks : 0;
      queue.aside(lane, blocks > 0 ? bytes : 0, () =>
        this.#update(queue, slot.offset, slot.size, pointer, element, blocks),
      );
      large.busy[lane] = true;
    }
  }

  finishSmall(queue: Queue): void {
    const { slots, smallOffset, trainedSize } = this.layout;
    if (this.collect) {
      for (const slot of slots.values())
        if (slot.trained && !slot.large) this.collect(slot, this.gradient(slot.entry.name).pointer, 'f32');
    } else this.#update(queue, smallOffset, trainedSize - smallOffset, this.#smallGradients, 'f32');
  }

  /** Seeded initial values; the large ones are drawn on the card, with the same bits. */
  initialise(spec: ModelSpec, seed: number, positionEmbedding: Float32Array | null): void {
    const inventory = parameterInventory(spec);
    inventory.forEach(({ name, initial }, item) => {
      if (initial.kind !== 'uniform') return;
      const { size } = this.#slot(name);
      const grid = [Math.ceil(size / 1024)] as const;
      const args = [this.value(name), BigInt(size), { f64: initial.bound }, seed | 0, item];
      this.device.launch('initialUniform', grid, [256], 0, args);
    });
    const onHost = (entry: ParameterEntry) => entry.initial.kind !== 'uniform';
    for (const [name, { data }] of initialWeights(spec, seed, positionEmbedding, onHost)) {
      this.device.upload(this.value(name), data);
    }
    this.#refreshCopies();
  }

  /** *Memory* the stream must have settled. */
  read(): NamedArrays {
    const result: NamedArrays = new Map();
    for (const { entry, size } of this.#inOrder()) {
      const data = new Float32Array(size);
      this.device.download(data, this.value(entry.name));
      result.set(entry.name, { shape: entry.shape, data });
    }
    return result;
  }

  /** *Errors* user: missing or unknown names, other shapes. */
  write(weights: NamedArrays): void {
    checkNames(
      this.#inOrder().map(slot => slot.entry),
      weights,
    );
    for (const [name, { data }] of weights) this.device.upload(this.value(name), data);
    this.#refreshCopies();
  }

  /** Exact to the bit: eight-bit state is stored as its codes and scales, float32 state as it is. */
  readMoments(): NamedArrays {
    const result: NamedArrays = new Map();
    if (this.optimizerState === 'none') return result;
    for (const slot of this.#trainedInOrder()) {
      for (const [prefix, shape, data] of this.#momentArrays(slot)) {
        this.device.download(data.host, data.device);
        result.set(`${prefix}.${slot.entry.name}`, { shape, data: Float32Array.from(data.host) });
      }
    }
    return result;
  }

  writeMoments(state: NamedArrays): void {
    if (this.optimizerState === 'none') return;
    for (const slot of this.#trainedInOrder()) {
      for (const [prefix, shape, data] of this.#momentArrays(slot)) {
        const name = `${prefix}.${slot.entry.name}`;
        const given = state.get(name);
        if (!given) throw otherWeights(`the optimizer state lacks ${name}`);
        if (given.data.length !== data.host.length) {
          throw otherWeights(`${name} has shape [${given.shape.join(', ')}], the model [${shape.join(', ')}]`);
        }
        data.host.set(given.data);
        this.device.upload(data.device, data.host);
      }
    }
  }

  #momentArrays(
    slot: Slot,
  ): [string, readonly number[], { host: Float32Array | Int8Array | Uint8Array; device: bigint }][] {
    const { entry, size, offset } = slot;
    const [first, second, scales] = this.#moments;
    if (this.optimizerState === 'float32') {
      return [
        ['exp_avg', entry.shape, { host: new Float32Array(size), device: first! + BigInt(offset * 4) }],
        ['exp_avg_sq', entry.shape, { host: new Float32Array(size), device: second! + BigInt(offset * 4) }],
      ];
    }
    const blocks = Math.ceil(size / stateBlock);
    return [
      ['exp_avg_code', entry.shape, { host: new Int8Array(size), device: first! + BigInt(offset) }],
      ['root_avg_sq_code', entry.shape, { host: new Uint8Array(size), device: second! + BigInt(offset) }],
      [
        'scale',
        [blocks, 2],
        { host: new Float32Array(blocks * 2), device: scales! + BigInt((offset / stateBlock) * 8) },
      ],
    ];
  }

  #momentBytes(index: number): number {
    const { trainedSize } = this.layout;
    if (this.optimizerState === 'float32') return trainedSize * 4;
    return index < 2 ? trainedSize : (trainedSize / stateBlock) * 8;
  }

  /** `blocks` above 0: by that many blocks, beside other work. */
  #update(queue: Queue, offset: number, size: number, gradient: bigint, element: ElementType, blocks = 0): void {
    queue.part('optimizer');
    const weights = this.#weights + BigInt(offset * 4);
    const copy = this.element === 'bf16' ? this.#copies + BigInt(offset * 2) : 0n;
    const [first, second, scales] = this.#moments;
    const padded = Math.ceil(size / 4) * 4;
    if (this.optimizerState === 'float32') {
      const moments = [first! + BigInt(offset * 4), second! + BigInt(offset * 4)];
      const args = [weights, ...moments, gradient, copy, this.hyper, BigInt(padded)];
      if (blocks > 0) queue.launchExact(`adamWBeside_${element}`, [blocks], [512], args);
      else queue.launchExact(`adamW_${element}`, [Math.ceil(padded / 4096)], [256], args);
    } else {
      const moments = [first! + BigInt(offset), second! + BigInt(offset), scales! + BigInt((offset / stateBlock) * 8)];
      const grid = [Math.min(Math.ceil(size / stateBlock), this.device.facts.multiprocessors * 16)] as const;
      queue.launchExact(
        `adamW8_${element}`,
        grid,
        [256],
        [weights, ...moments, gradient, copy, this.hyper, BigInt(size)],
      );
    }
    queue.part('recurrent');
  }

  #refreshCopies(): void {
    if (this.element === 'f32') return;
    const size = this.layout.trainedSize;
    this.device.launch('convert_bf16', [Math.ceil(size / 256)], [256], 0, [this.#weights, this.#copies, BigInt(size)]);
  }

  #slot(name: string): Slot {
    const slot = this.layout.slots.get(name);
    if (!slot) throw otherWeights(`the model has no parameter ${name}`);
    return slot;
  }

  /** In the published order, which is the inventory's. */
  #inOrder(): readonly Slot[] {
    return this.layout.inventory.map(({ name }) => this.#slot(name));
  }

  #trainedInOrder(): readonly Slot[] {
    return this.#inOrder().filter(slot => slot.trained);
  }
}

function checkNames(inventory: readonly ParameterEntry[], weights: NamedArrays): void {
  for (const { name, shape } of inventory) {
    const given = weights.get(name);
    if (!given) throw otherWeights(`${name} is missing`);
    if (given.data.length !== elementCount(shape) || given.shape.join() !== shape.join()) {
      throw otherWeights(`${name} has shape [${given.shape.join(', ')}], the model [${shape.join(', ')}]`);
    }
  }
  if (weights.size > inventory.length) {
    const known = new Set(inventory.map(({ name }) => name));
    throw otherWeights(
      `unknown names ${[...weights.keys()]
        .filter(name => !known.has(name))
        .slice(0, 5)
        .join(', ')}`,
    );
  }
}
