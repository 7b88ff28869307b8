// Sampling token rows on one Network: which networks they belong to, which noise, in pieces that fit the memory. In inference
// rows do not see each other, so any range of rows is a unit of work. The sampler's arithmetic is the plan's; random numbers
// are addressed by network, step and place inside the network, so that any split gives the same ones.
import type { ModelSpec } from '../../model/modelSpec';
import { fillNormal, streams } from '../../model/philox';
import { throwIfCancelled } from '../../util/rpgError';
import { yieldPoint } from '../../util/yieldPoint';
import type { Conditioning, Model, SampleRequest, TrainingBatch } from '../engine';
import type { Network } from './network';
import type { SequenceInputs } from './prototypes';

/** Floats of the widest layer's activations that one piece of a sampling run may hold. */
const activationBudget = 2 ** 24;

/** Rows `from` to `to` of a request's (count · nTokens). *Shapes* → ((to - from) · dimPerToken). */
export async function sampleRows(
  network: Network,
  request: SampleRequest,
  from: number,
  to: number,
): Promise<Float32Array> {
  const { dimPerToken, denoiser } = network.spec;
  const widest = dimPerToken * Math.max(...(denoiser?.layerChannels ?? [1]));
  const atOnce = Math.max(1, Math.floor(activationBudget / widest));
  const result = new Float32Array((to - from) * dimPerToken);
  for (let first = from; first < to; first += atOnce) {
    const last = Math.min(to, first + atOnce);
    const onProgress = (fraction: number) =>
      request.onProgress?.((first - from + (last - first) * fraction) / (to - from));
    const piece = denoiser
      ? await denoisePiece(network, { ...request, onProgress }, first, last)
      : await prototypePiece(network, request.conditioning, first, last);
    result.set(piece, (first - from) * dimPerToken);
  }
  return result;
}

/** The conditioning of networks [from, to). */
export function sliceConditioning(
  spec: ModelSpec,
  conditioning: Conditioning,
  from: number,
  to: number,
): SequenceInputs {
  const bits = spec.condition.taskBits;
  return {
    nSequences: to - from,
    permutationState: conditioning.permutationState?.subarray(from, to) ?? null,
    task: conditioning.task?.subarray(from * bits, to * bits) ?? null,
  };
}

/** Networks a conditioning asks for; 1 when it names neither states nor tasks. */
export function countOf(spec: ModelSpec, { permutationState, task }: Conditioning): number {
  return permutationState?.length ?? (task ? task.length / spec.condition.taskBits : 1);
}

/** Prototypes of a whole batch, also of sequences that have no row in the loss. *Shapes* → (b, nTokens, dPrototype). */
export async function batchPrototypes(
  model: Pick<Model, 'prototypes'>,
  spec: ModelSpec,
  { permutationState, task }: TrainingBatch,
): Promise<Float32Array> {
  const distinct = await model.prototypes({ permutationState, task });
  const all = new Float32Array(spec.batchSize * spec.nTokens * spec.dPrototype);
  // With neither states nor tasks there is one, the same for every sequence.
  for (let at = 0; at < all.length; at += distinct.length) all.set(distinct, at);
  return all;
}

/** Rows computed in a shard's order, put where the batch had them. */
export function inBatchOrder(
  values: Float32Array,
  places: Int32Array,
  into = new Float32Array(values.length),
): Float32Array {
  const width = values.length / places.length;
  places.forEach((place, row) => into.set(values.subarray(row * width, (row + 1) * width), place * width));
  return into;
}

/** Networks that rows [first, last) touch. */
function networksOf(spec: ModelSpec, first: number, last: number): { from: number; to: number } {
  return { from: Math.floor(first / spec.nTokens), to: Math.ceil(last / spec.nTokens) };
}

async function denoisePiece(
  network: Network,
  request: SampleRequest,
  first: number,
  last: number,
): Promise<Float32Array> {
  const { spec } = network;
  const { plan, noise } = request;
  const dim = spec.dimPerToken;
  const networks = networksOf(spec, first, last);
  const conditioning = sliceConditioning(spec, request.conditioning, networks.from, networks.to);
  const start = new Float32Array((last - first) * dim);
  if (noise.kind === 'given') start.set(noise.xT.subarray(first * dim, last * dim));
  else fillRows(spec, start, first, noise, streams.sampleStart, 0);
  const run = network.startSampling(conditioning, first - networks.from * spec.nTokens, start);
  try {
    for (const [index, step] of plan.steps.entries()) {
      throwIfCancelled(request.signal, 'Sampling');
      const time = network.timeEmbedding(step.t);
      run.step(time, step, out => {
        if (noise.kind === 'given') {
          const ofStep = index * request.count * spec.nTokens;
          out.set(noise.perStep.subarray((ofStep + first) * dim, (ofStep + last) * dim));
        } else fillRows(spec, out, first, noise, streams.sampleNoise, index + 1);
      });
      time.dispose();
      request.onProgress?.((index + 1) / plan.steps.length);
      await yieldPoint();
    }
    return await run.read();
  } finally {
    run.dispose();
  }
}

/** Without diffusion the prototypes are the tokens. */
async function prototypePiece(
  network: Network,
  conditioning: Conditioning,
  first: number,
  last: number,
): Promise<Float32Array> {
  const { spec } = network;
  const networks = networksOf(spec, first, last);
  const prototypes = network.prototypes(sliceConditioning(spec, conditioning, networks.from, networks.to));
  const values = await prototypes.data<'float32'>();
  prototypes.dispose();
  const offset = first - networks.from * spec.nTokens;
  return values.slice(offset * spec.dimPerToken, (offset + last - first) * spec.dimPerToken);
}

/** Normal values of rows from `first` on: item is the network, index the place inside it. */
function fillRows(
  spec: ModelSpec,
  out: Float32Array,
  first: number,
  { seed, firstNetwork }: { seed: number; firstNetwork: number },
  stream: number,
  step: number,
): void {
  const dim = spec.dimPerToken;
  for (let done = 0; done * dim < out.length;) {
    const row = first + done;
    const token = row % spec.nTokens;
    const count = Math.min(spec.nTokens - token, out.length / dim - done);
    const address = { seed, stream, step, item: firstNetwork + Math.floor(row / spec.nTokens) };
    fillNormal(out.subarray(done * dim, (done + count) * dim), address, token * dim);
    done += count;
  }
}
