// The contract's Model on one CUDA card: parameters, one block of planned scratch memory, a training step captured as two
// graphs (what needs no tokens, and the rest: the tokens are uploaded while the first runs), and sampling, a graph per step.
import type { ModelSpec } from '../../model/modelSpec';
import { createSchedule } from '../../model/schedule';
import type { NamedArrays } from '../../util/namedArrays';
import { denoiserLayers } from '../../model/parameterInventory';
import { throwIfCancelled } from '../../util/rpgError';
import type { Conditioning, Model, OpenOptions, SampleRequest, StepHyper, StepProfile, TrainingBatch } from '../engine';
import { conditionGate, createCondition } from './layers/condition';
import { badBatch, kernelsMissing, openedToGenerate, unsupportedModel } from './driver/cudaErrors';
import { CublasLt, type ElementType } from './driver/cublasLt';
import { embedPrototypes } from './layers/denoiser';
import { deviceLimits, type CudaDevice } from './driver/driver';
import type { HostArray } from './driver/hostMemory';
import { CudaGraph } from './driver/graph';
import { readKernels } from './driver/kernelFiles';
import { unsupportedSizes } from './limits';
import type { Sequences } from './layers/mambaLayer';
import { checkPlan, describePlan, formatBytes, MemoryPlan } from './memory/memoryPlan';
import { Parameters } from './memory/parameters';
import { elementBytes, Queue, type Timing } from './driver/queue';
import { createRecurrent } from './layers/recurrent';
import { SamplerKernels, tableValues, takeTables, timesAtOnce } from './sampling/sampler';
import { networksAtOnce, placeInputs } from './step/stepInputs';
import { planTraining, walk } from './memory/trainingPlan';
import { createTrainStep, type TrainStep } from './step/trainStep';

const lessScratch = 'Lower training.batchSize or diffusion.diffusionBatch, or choose fewer token rows at a time';

export type CudaModelOptions = Pick<
  OpenOptions,
  'seed' | 'precision' | 'optimizerState' | 'positionEmbedding' | 'tokenSlice' | 'onMemoryPlan'
>;

/** Opens a model on an open device, which it then owns. *Errors* user: too little memory, unsupported shapes. */
export function openCudaModel(device: CudaDevice, spec: ModelSpec, options: CudaModelOptions): CudaModel {
  let products: CublasLt | null = null;
  try {
    const unsupported = unsupportedSizes(spec, options.precision);
    if (unsupported !== null) throw unsupportedModel(unsupported);
    device.makeCurrent();
    for (const { name, image } of readKernels()) {
      if (image.length === 0) throw kernelsMissing(name, 'it is empty');
      device.loadModule(image);
    }
    const found = CublasLt.open(device);
    if (found instanceof CublasLt) products = found;
    return new CudaModel(device, products, spec, options);
  } catch (error) {
    products?.dispose();
    device.dispose();
    throw error;
  }
}

/** Of activations and of the weights that products read. */
export function elementOf(precision: OpenOptions['precision']): ElementType {
  return precision === 'float32' ? 'f32' : 'bf16';
}

export class CudaModel implements Model {
  readonly description: string;
  readonly parameters: Parameters;
  readonly #element: ElementType;
  readonly #products: CublasLt | null;
  readonly #inputs: ReturnType<typeof placeInputs>;
  readonly #sequences: Sequences;
  #arena: { pointer: bigint; bytes: number } = { pointer: 0n, bytes: 0 };
  #graphs: { forward: CudaGraph; seeded: CudaGraph | null; given: CudaGraph | null } | null = null;

  constructor(
    readonly device: CudaDevice,
    products: CublasLt | null,
    readonly spec: ModelSpec,
    private readonly options: CudaModelOptions,
  ) {
    this.#element = elementOf(options.precision);
    this.#sequences = { batch: spec.batchSize, length: spec.nTokens, gate: conditionGate(spec) };
    this.#products = products;
    const { layout, lines, scratchBytes } = planTraining(spec, device.facts, this.#element, options.optimizerState);
    this.parameters = new Parameters(device, layout, this.#element, options.optimizerState);
    const how = this.#products ? `cuBLASLt ${this.#products.version}` : 'its own matrix products (no cuBLASLt found)';
    const type = this.#element === 'bf16' ? 'bfloat16 with float32 weights' : 'float32';
    this.description = `cuda/${device.index} ${device.facts.name}, ${type}, ${how}; memory ${describePlan(lines)}`;
    options.onMemoryPlan?.(`memory on ${device.facts.name}: ${describePlan(lines)}`);
    checkPlan(device.facts.name, lines, device.freeBytes(), options.optimizerState);
    this.parameters.allocate();
    this.#inputs = placeInputs(spec, bytes => device.allocate(bytes, 'a step\u2019s inputs', lessScratch));
    this.parameters.hyper = this.#inputs.hyper;
    this.#growArena(scratchBytes);
    this.parameters.initialise(spec, options.seed, options.positionEmbedding ?? null);
    this.#uploadSchedule();
  }

  async step(batch: TrainingBatch, hyper: StepHyper): Promise<{ loss: number }> {
    if (this.options.optimizerState === 'none') throw openedToGenerate();
    this.device.makeCurrent();
    this.#uploadStep(batch, hyper);
    const graphs = (this.#graphs ??= this.#captureForward());
    const drawn = batch.noise.kind === 'seeded';
    const rest = drawn ? (graphs.seeded ??= this.#captureRest(true)) : (graphs.given ??= this.#captureRest(false));
    graphs.forward.launch();
    this.#uploadTokens(batch); // while the recurrent model runs
    rest.launch();
    await this.device.settle();
    return { loss: this.#readLoss() };
  }

  async gradients(batch: TrainingBatch): ReturnType<Model['gradients']> {
    if (this.options.optimizerState === 'none') throw openedToGenerate();
    this.device.makeCurrent();
    const { permutationState, task } = batch;
    const prototypes = await this.prototypes({ permutationState, task }, this.spec.batchSize);
    const gradients: NamedArrays = new Map();
    this.#uploadStep(batch, { step: 1, learningRate: 0, weightDecay: 0, beta1: 0, beta2: 0, epsilon: 1 });
    this.#uploadTokens(batch);
    const queue = this.#queue(false);
    this.parameters.collect = ({ entry, size }, pointer, element) => {
      this.#finishNow();
      gradients.set(entry.name, { shape: entry.shape, data: this.#readActivations(pointer, size, element) });
    };
    try {
      const phases = this.#trainStep(queue);
      phases.forward();
      phases.denoise(batch.noise.kind === 'seeded');
      let predictedNoise: Float32Array | null = null;
      if (this.spec.denoiser) {
        this.#finishNow();
        predictedNoise = new Float32Array(this.spec.rowsPerStep * this.spec.dimPerToken);
        this.device.download(predictedNoise, phases.prediction());
      }
      phases.backward();
      await this.device.settle();
      for (const { name, shape, trainable } of this.parameters.layout.inventory) {
        if (!trainable) continue;
        const size = shape.reduce((a, b) => a * b, 1);
        if (!gradients.has(name)) gradients.set(name, { shape, data: new Float32Array(size) });
      }
      return { loss: this.#readLoss(), gradients, prototypes, predictedNoise };
    } finally {
      this.parameters.collect = null;
    }
  }

  async prototypes(conditioning: Conditioning, wanted?: number): Promise<Float32Array> {
    this.device.makeCurrent();
    const { spec } = this;
    const count = wanted ?? countOf(spec, conditioning);
    const perNetwork = spec.nTokens * spec.dPrototype;
    const result = new Float32Array(count * perNetwork);
    for (let first = 0; first < count; first += networksAtOnce) {
      const networks = Math.min(networksAtOnce, count - first);
      const plan = walk(
        this.device,
        this.#products,
        this.#element,
        queue => void this.#queuePrototypes(queue, networks),
      );
      this.#growArena(plan.peakBytes);
      this.#uploadConditioning(conditioning, first, networks);
      const queue = this.#queue(false);
      const pointer = this.#queuePrototypes(queue, networks);
      await this.device.settle();
      result.set(this.#readActivations(pointer, networks * perNetwork, this.#element), first * perNetwork);
    }
    return result;
  }

  async sample(request: SampleRequest): Promise<Float32Array> {
    this.device.makeCurrent();
    const { spec } = this;
    if (!spec.denoiser) return this.#sampleWithoutDiffusion(request);
    const perNetwork = spec.nTokens * spec.dimPerToken;
    const result = new Float32Array(request.count * perNetwork);
    const { networks, rows } = this.#sliceSize(request);
    for (let first = 0; first < request.count; first += networks) {
      const group = Math.min(networks, request.count - first);
      await this.#sampleGroup(request, first, group, Math.min(rows, group * spec.nTokens), result);
    }
    return result;
  }

  async readWeights(): Promise<NamedArrays> {
    this.device.makeCurrent();
    await this.device.settle();
    return this.parameters.read();
  }

  async writeWeights(weights: NamedArrays): Promise<void> {
    this.device.makeCurrent();
    this.parameters.write(weights);
    await this.device.settle();
  }

  async readOptimizerState(): Promise<NamedArrays> {
    this.device.makeCurrent();
    await this.device.settle();
    return this.parameters.readMoments();
  }

  async writeOptimizerState(state: NamedArrays): Promise<void> {
    this.device.makeCurrent();
    this.parameters.writeMoments(state);
  }

  memory(): { bytes: number; peakBytes: number } {
    return { bytes: this.device.bytes, peakBytes: this.device.peakBytes };
  }

  async dispose(): Promise<void> {
    this.#dropGraphs();
    this.#products?.dispose();
    this.device.dispose();
  }

  async profileStep(batch: TrainingBatch, hyper: StepHyper): Promise<StepProfile> {
    const { timings, operations } = await this.timeKernels(batch, hyper);
    const of = (wanted: Timing['part']) => timings.reduce((sum, { part, ms }) => sum + (part === wanted ? ms : 0), 0);
    return {
      parts: { recurrent: of('recurrent'), diffusion: of('denoiser'), optimizer: of('optimizer') },
      operations,
      floorMs: this.#floorMs(operations),
    };
  }

  /** Products and convolutions at the card's full rate, and the optimizer's state once through memory; all else for nothing. */
  #floorMs(operations: number): number {
    const { operationsPerSecond, bytesPerSecond } = deviceLimits(this.device, this.#element);
    const { layout, optimizerState } = this.parameters;
    // Weights and moments are read and written; gradients are read, and bfloat16 copies written where gradients are bfloat16.
    const moments = { float32: 16, uint8: 4, none: 0 }[optimizerState];
    const perWeight = 8 + moments + 4;
    return 1000 * (operations / operationsPerSecond + (layout.trainedSize * perWeight) / bytesPerSecond);
  }

  /** One step with every kernel timed, and its floating-point operations. */
  async timeKernels(batch: TrainingBatch, hyper: StepHyper): Promise<{ timings: Timing[]; operations: number }> {
    this.device.makeCurrent();
    this.#uploadStep(batch, hyper);
    this.#uploadTokens(batch);
    const queue = this.#queue(false);
    const timings = await queue.profile(() => {
      const phases = this.#trainStep(queue);
      phases.forward();
      phases.denoise(batch.noise.kind === 'seeded');
      phases.backward();
    });
    return { timings, operations: queue.operations };
  }

  #trainStep(queue: Queue): TrainStep {
    return createTrainStep(queue, this.parameters, this.spec, this.#sequences, this.#inputs);
  }

  #queue(planning: boolean): Queue {
    const memory = new MemoryPlan(this.#arena.pointer, this.#arena.bytes);
    return new Queue(this.device, this.#products, this.#element, memory, planning);
  }

  #growArena(bytes: number): void {
    if (bytes <= this.#arena.bytes) return;
    this.#dropGraphs();
    this.#finishNow();
    this.device.free(this.#arena.pointer);
    this.#arena = { pointer: 0n, bytes: 0 };
    this.#arena = { pointer: this.device.allocate(bytes, 'scratch memory', lessScratch), bytes };
  }

  #captureForward() {
    this.#finishNow(); // a failure of what was queued before is not to be told as the capture's
    const phases = this.#trainStep(this.#queue(false));
    const forward = CudaGraph.capture(this.device, () => phases.forward());
    return { forward, seeded: null, given: null };
  }

  #captureRest(draw: boolean): CudaGraph {
    // The phases share one memory plan: the first is captured once more, for nothing, to bring it to where the second begins.
    const queue = this.#queue(false);
    const phases = this.#trainStep(queue);
    const unused = CudaGraph.capture(this.device, () => phases.forward());
    unused.dispose();
    return CudaGraph.capture(this.device, () => {
      phases.denoise(draw);
      phases.backward();
    });
  }

  #dropGraphs(): void {
    const graphs = this.#graphs;
    this.#graphs = null;
    for (const graph of graphs ? [graphs.forward, graphs.seeded, graphs.given] : []) graph?.dispose();
  }

  /** *Shapes* → (networks · nTokens, dPrototype) in the queue's memory. */
  #queuePrototypes(queue: Queue, networks: number): bigint {
    const condition = createCondition(queue, this.parameters, this.spec, networks, this.#inputs);
    const sequences = { ...this.#sequences, batch: networks };
    return createRecurrent(queue, this.parameters, this.spec, sequences, condition.forward(), null).forward();
  }

  async #sampleWithoutDiffusion(request: SampleRequest): Promise<Float32Array> {
    const tokens = await this.prototypes(request.conditioning, request.count);
    request.onProgress?.(1);
    return tokens;
  }

  /** Networks at once and token rows at once that fit the memory. */
  #sliceSize({ count, noise, plan }: SampleRequest): { networks: number; rows: number } {
    const { spec } = this;
    const channels = denoiserLayers(spec.denoiser!).reduce((sum, { inChannels }) => sum + inChannels, 0);
    const perRow = spec.dimPerToken * (channels * elementBytes[this.#element] + 16);
    const budget = Math.max(this.#arena.bytes, Math.min(this.device.freeBytes() * 0.8, 16 * 2 ** 30));
    const all = Math.min(count, networksAtOnce) * spec.nTokens;
    const { tokenSlice = 'auto' } = this.options;
    // What is taken beside the rows fits the spare fifth, but for the tables of a long plan.
    const steps = plan.steps.length > timesAtOnce ? plan.steps.length : 0;
    const tableBytes = steps * (spec.dimPerToken * elementBytes[this.#element] + 20);
    const fitting = Math.max(1, Math.floor((budget * 0.8 - tableBytes) / perRow));
    const rows = Math.min(all, tokenSlice === 'auto' ? fitting : tokenSlice === 'full' ? all : tokenSlice);
    const networks =
      noise.kind === 'given' ? 1 : Math.max(1, Math.min(networksAtOnce, Math.floor(rows / spec.nTokens)));
    this.options.onMemoryPlan?.(
      `${Math.min(rows, networks * spec.nTokens)} token rows at once, ${networks} of ${count} networks at a time: ` +
        `${formatBytes(rows * perRow)} of activations`,
    );
    return { networks, rows };
  }

  async #sampleGroup(
    request: SampleRequest,
    first: number,
    networks: number,
    sliceRows: number,
    result: Float32Array,
  ): Promise<void> {
    const { spec, device } = this;
    const { plan, noise, signal } = request;
    const dim = spec.dimPerToken;
    const rows = networks * spec.nTokens;
    const inputs = this.#inputs;
    const given = noise.kind === 'given';
    // Only takes memory: the host fills it before the kernels that read it are queued.
    const take = (queue: Queue) => ({
      x: queue.takeFloats('tokens', rows * dim),
      noises: given ? queue.takeFloats('given noise', noise.perStep.length) : 0n,
      tables: takeTables(queue, inputs.sampleState, plan.steps.length),
    });
    const prepare = (queue: Queue, { tables }: ReturnType<typeof take>) => {
      const kernels = new SamplerKernels(queue, this.parameters, spec, tables);
      const condition = queue.take('condition', rows * dim);
      queue.memory.scope(() => {
        const prototypes = this.#queuePrototypes(queue, networks);
        embedPrototypes(queue, this.parameters, spec, prototypes, rows, condition);
      });
      return { kernels, condition, buffers: kernels.takeBuffers(sliceRows) };
    };
    this.#growArena(walk(device, this.#products, this.#element, queue => void prepare(queue, take(queue))).peakBytes);
    this.#uploadConditioning(request.conditioning, first, networks);
    const state = (stepIndex: number) =>
      given
        ? Uint32Array.of(0, 0, stepIndex, plan.steps.length)
        : Uint32Array.of(noise.seed, noise.firstNetwork + first, stepIndex, plan.steps.length);
    const queue = this.#queue(false);
    const taken = take(queue);
    const { x, noises, tables } = taken;
    const { t, coefficients } = tableValues(plan);
    device.upload(tables.t, t);
    device.upload(tables.coefficients, coefficients);
    const { kernels, condition, buffers } = prepare(queue, taken);
    await device.settle();
    if (given) {
      device.upload(x, noise.xT);
      device.upload(noises, noise.perStep);
    }
    for (let firstRow = 0; firstRow < rows; firstRow += sliceRows) {
      const slice = {
        firstRow,
        rows: Math.min(sliceRows, rows - firstRow),
        x: x + BigInt(firstRow * dim * 4),
        condition: queue.at(condition, firstRow * dim),
        given: noises,
      };
      device.upload(inputs.sampleState, state(0));
      kernels.start(slice, buffers.inputs);
      const graph = CudaGraph.capture(device, () => kernels.step(slice, buffers));
      try {
        for (let step = 0; step < plan.steps.length; step++) {
          throwIfCancelled(signal, 'Sampling');
          graph.launch();
          // Progress is of what has been done, not queued; waiting every few steps costs nothing then.
          if (request.onProgress && step % 8 === 7) {
            await device.settle();
            request.onProgress(
              (first + networks * ((firstRow + (slice.rows * (step + 1)) / plan.steps.length) / rows)) / request.count,
            );
          }
        }
      } finally {
        await device.settle();
        graph.dispose();
      }
    }
    const values = result.subarray(first * spec.nTokens * dim, (first + networks) * spec.nTokens * dim);
    device.download(values, x);
    request.onProgress?.((first + networks) / request.count);
  }

  #uploadSchedule(): void {
    const { signalRate, noiseRate } = createSchedule(this.spec.diffusion);
    this.device.upload(this.#inputs.signalRate, Float32Array.from(signalRate));
    this.device.upload(this.#inputs.noiseRate, Float32Array.from(noiseRate));
  }

  /** Everything small; the stream is idle. *Errors* internal: sizes that do not fit the open model. */
  #uploadStep(batch: TrainingBatch, hyper: StepHyper): void {
    const { spec, device } = this;
    checkBatch(spec, batch);
    const inputs = this.#inputs;
    const stage = (at: number, values: HostArray) =>
      inputs.staging.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    if (batch.permutationState) stage(inputs.offsets.states, batch.permutationState);
    if (batch.task) stage(inputs.offsets.task, batch.task);
    stage(inputs.offsets.rows, batch.rows);
    const { step, learningRate, weightDecay, beta1, beta2, epsilon } = hyper;
    const stepSize = learningRate / (1 - beta1 ** step);
    const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
    const decay = 1 - learningRate * weightDecay;
    const scalars = [decay, stepSize, rootCorrection, epsilon, beta1, beta2, 1 - beta1, 1 - beta2];
    stage(inputs.offsets.hyper, Float32Array.from(scalars));
    if (batch.noise.kind === 'seeded') stage(inputs.offsets.key, Uint32Array.of(batch.noise.seed, batch.noise.step));
    device.upload(inputs.block, inputs.staging);
  }

  #uploadTokens({ x0, noise }: TrainingBatch): void {
    const inputs = this.#inputs;
    this.device.upload(inputs.x0, x0);
    if (noise.kind === 'given') {
      this.device.upload(inputs.t, noise.t);
      this.device.upload(inputs.epsilon, noise.epsilon);
    }
  }

  #uploadConditioning({ permutationState, task }: Conditioning, first: number, networks: number): void {
    const bits = this.spec.condition.taskBits;
    const part = <A extends HostArray>(array: A, width: number) =>
      array.slice(first * width, (first + networks) * width) as A;
    const states = permutationState ? part(permutationState, 1) : new Int32Array(networks);
    const last = this.spec.nPermutation;
    const bad = states.find(state => state < 0 || state >= last);
    if (bad !== undefined) throw badBatch(`permutation state ${bad} of ${last}`);
    this.device.upload(this.#inputs.states, states);
    this.device.upload(this.#inputs.task, task ? part(task, bits) : new Float32Array(networks * bits));
  }

  #readActivations(pointer: bigint, count: number, element: ElementType): Float32Array {
    if (element === 'f32') {
      const values = new Float32Array(count);
      this.device.download(values, pointer);
      return values;
    }
    const bits = new Uint16Array(count);
    this.device.download(bits, pointer);
    // A bfloat16 is the upper half of a float32.
    return new Float32Array(Uint32Array.from(bits, value => value * 65536).buffer);
  }

  #readLoss(): number {
    const loss = new Float32Array(1);
    this.device.download(loss, this.#inputs.loss);
    return loss[0]!;
  }

  #finishNow(): void {
    this.device.driver.call('cuStreamSynchronize', this.device.stream);
  }
}

/** Networks a conditioning asks for; 1 when it names neither states nor tasks. */
function countOf(spec: ModelSpec, { permutationState, task }: Conditioning): number {
  return permutationState?.length ?? (task ? task.length / spec.condition.taskBits : 1);
}

function checkBatch(spec: ModelSpec, { permutationState, task, rows, x0, noise }: TrainingBatch): void {
  const n = spec.rowsPerStep;
  const expect = (what: string, found: number, expected: number) => {
    if (found !== expected) throw badBatch(`${what} has ${found} entries, expected ${expected}`);
  };
  expect('rows', rows.length, n);
  expect('x0', x0.length, n * spec.dimPerToken);
  if (spec.usePermutationState && permutationState) {
    expect('permutationState', permutationState.length, spec.batchSize);
    const bad = permutationState.find(state => state < 0 || state >= spec.nPermutation);
    if (bad !== undefined) throw badBatch(`permutation state ${bad} of ${spec.nPermutation}`);
  }
  if (spec.condition.kind !== 'none') expect('task', task?.length ?? 0, spec.batchSize * spec.condition.taskBits);
  if (noise.kind === 'given') {
    expect('t', noise.t.length, n);
    expect('epsilon', noise.epsilon.length, n * spec.dimPerToken);
  }
  // Gradients are scattered back by row, so a row may come once only.
  const seen = new Uint8Array(spec.batchSize * spec.nTokens);
  for (const row of rows) {
    if (row < 0 || row >= seen.length) throw badBatch(`row ${row} of ${seen.length}`);
    if (seen[row]) throw badBatch(`row ${row} twice`);
    seen[row] = 1;
  }
}
