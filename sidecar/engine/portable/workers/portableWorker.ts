// The program of one worker thread: a Network on the wasm backend with the SIMD convolution stack, answering the questions
// of messages.ts. All workers of a model run the same steps on their own rows and meet at every batch statistic and at the
// end of the step. Started by workerPool.ts from the bundle dist/portableWorker.js.
import { parentPort, workerData } from 'node:worker_threads';
import { createSchedule } from '../../../model/schedule';
import type { NamedArrays } from '../../../util/namedArrays';
import { internalError, RpgError } from '../../../util/rpgError';
import { adamWArrays } from '../adamW';
import { startWasmBackend } from '../devices/wasmBackend';
import { openNativeKernel } from '../kernel/nativeKernel';
import { wasmKernel } from '../kernel/wasmKernel';
import { sampleRows, sliceConditioning } from '../inference';
import { disposePass, Network, type PassResult } from '../network';
import { takeShard } from '../shard';
import { createKernelRecurrent } from '../recurrent/registry';
import { createKernelConvStack } from '../stack/kernelConvStack';
import { tf } from '../tf';
import { meetingMethods, type WorkerData, type WorkerMethods, type WorkerReply, type WorkerRequest } from './messages';
import { flatOffsets, SharedState } from './sharedState';

const port = parentPort!;
const { spec, shared, worker, kernel } = workerData as WorkerData; // the pool passes exactly this
const program = kernel === 'native' ? openNativeKernel() : wasmKernel;
const { nWorkers } = shared;
const state = new SharedState(shared, worker);
const schedule = createSchedule(spec.diffusion);
const network = new Network(spec, (s, weights) => ({
  stack: createKernelConvStack(s, weights, values => state.allReduce(values), program),
  recurrent: createKernelRecurrent(s.recurrent, weights, program),
}));
const { offsets, length } = flatOffsets(network.trained);
let cancellation = new AbortController();

const methods: { [M in keyof WorkerMethods]: (argument: never) => ReturnType<WorkerMethods[M]> } = {
  write: (weights: NamedArrays) => network.write(weights),
  reload: loadParameters,
  step: ({ batch, hyper }: Parameters<WorkerMethods['step']>[0]) => {
    const pass = network.pass(takeShard(spec, schedule, batch, worker, nWorkers));
    publishGradients(pass);
    state.meet();
    const from = Math.floor((length * worker) / nWorkers);
    const to = Math.floor((length * (worker + 1)) / nWorkers);
    adamWArrays(state, state.gradients, hyper, from, to);
    state.meet();
    loadParameters();
    network.updateRunningStatistics(pass.statistics);
    const [loss] = pass.loss.dataSync();
    disposePass(pass);
    return { loss: loss! };
  },
  gradients: (batch: Parameters<WorkerMethods['gradients']>[0]) => {
    const shard = takeShard(spec, schedule, batch, worker, nWorkers);
    const pass = network.pass(shard);
    publishGradients(pass);
    const result = {
      loss: pass.loss.dataSync()[0]!,
      places: shard.places,
      predictedNoise: pass.predictedNoise?.dataSync<'float32'>() ?? null,
    };
    disposePass(pass);
    return result;
  },
  prototypes: ({ conditioning, from, to }: Parameters<WorkerMethods['prototypes']>[0]) => {
    const prototypes = network.prototypes(sliceConditioning(spec, conditioning, from, to));
    const values = prototypes.dataSync<'float32'>();
    prototypes.dispose();
    return values;
  },
  sample: ({ from, to, ...request }: Parameters<WorkerMethods['sample']>[0]) => {
    cancellation = new AbortController();
    const onProgress = (fraction: number) => reply({ kind: 'progress', fraction });
    return sampleRows(network, { ...request, onProgress, signal: cancellation.signal }, from, to);
  },
  // Arrives while `sample` lets the event loop turn.
  cancel: () => cancellation.abort(),
  buffers: async () => {
    const trained = new Set(network.trained);
    return network.weights.read(entry => !trained.has(entry));
  },
  memory: () => tf.memory().numBytes + network.kernelBytes,
};

/** This worker's gradients into its shared array. */
function publishGradients(pass: PassResult): void {
  const mine = state.gradients[worker]!;
  pass.gradients.forEach((gradient, i) => mine.set(gradient.dataSync<'float32'>(), offsets[i]));
}

/** The shared parameters into this thread's tensors. */
function loadParameters(): void {
  network.trained.forEach(({ name, shape }, i) => {
    const end = offsets[i + 1] ?? length;
    // A copy: tfjs must not hold on to shared memory that the next step changes.
    network.weights.set(name, tf.tensor(state.parameters.slice(offsets[i], end), [...shape]));
  });
}

function reply(message: WorkerReply): void {
  port.postMessage(message);
}

async function answer({ id, method, argument }: WorkerRequest): Promise<void> {
  try {
    const run = methods[method] as (argument: unknown) => unknown; // the pool pairs methods with their arguments
    reply({ kind: 'result', id, value: await run(argument) });
  } catch (error) {
    if (meetingMethods.has(method)) state.abort(); // or the others would wait for ever
    const { code, blame, message, stack } = asRpgError(error);
    reply({ kind: 'error', id, code, blame, message, stack: stack ?? '' });
  }
}

function asRpgError(error: unknown): RpgError {
  if (error instanceof RpgError) return error;
  const wrapped = internalError('worker-error', error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.stack !== undefined) wrapped.stack = error.stack;
  return wrapped;
}

async function start(): Promise<void> {
  await startWasmBackend(program);
  port.on('message', (request: WorkerRequest) => void answer(request));
  reply({ kind: 'ready' });
}

void start();
