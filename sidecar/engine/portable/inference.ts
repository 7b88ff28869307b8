// Sampling whole networks on one Network: which rows, which noise, in pieces that fit the memory. The sampler's own
// arithmetic is the plan's; random numbers are addressed by network and step, so that any split gives the same ones.
import type { ModelSpec } from '../../model/modelSpec';
import { fillNormal, streams } from '../../model/philox';
import { throwIfCancelled } from '../../util/rpgError';
import { yieldPoint } from '../../util/yieldPoint';
import type { Conditioning, SampleRequest } from '../engine';
import type { Network } from './network';
import type { SequenceInputs } from './prototypes';

/** Floats of the widest layer's activations that one piece of a sampling run may hold. */
const activationBudget = 2 ** 24;

/** Networks `from` to `to` of a request. *Shapes* → ((to - from) · nTokens · dimPerToken). */
export async function sampleNetworks(
  network: Network,
  request: SampleRequest,
  from: number,
  to: number,
): Promise<Float32Array> {
  const { spec } = network;
  const perNetwork = spec.nTokens * spec.dimPerToken;
  const atOnce = Math.max(1, Math.floor(activationBudget / (perNetwork * Math.max(...spec.denoiser!.layerChannels))));
  const result = new Float32Array((to - from) * perNetwork);
  for (let first = from; first < to; first += atOnce) {
    const last = Math.min(to, first + atOnce);
    result.set(await samplePiece(network, request, first, last, from, to), (first - from) * perNetwork);
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

async function samplePiece(
  network: Network,
  request: SampleRequest,
  first: number,
  last: number,
  from: number,
  to: number,
): Promise<Float32Array> {
  const { plan, noise } = request;
  const perNetwork = network.spec.nTokens * network.spec.dimPerToken;
  const start = new Float32Array((last - first) * perNetwork);
  if (noise.kind === 'given') start.set(noise.xT);
  else fillNetworks(start, noise.seed, streams.sampleStart, 0);
  const run = network.startSampling(sliceConditioning(network.spec, request.conditioning, first, last), start);
  try {
    for (const [index, step] of plan.steps.entries()) {
      throwIfCancelled(request.signal, 'Sampling');
      const time = network.timeEmbedding(step.t);
      run.step(time, step, out => {
        if (noise.kind === 'given') out.set(noise.perStep.subarray(index * out.length, (index + 1) * out.length));
        else fillNetworks(out, noise.seed, streams.sampleNoise, index + 1);
      });
      time.dispose();
      const done = (first - from + ((last - first) * (index + 1)) / plan.steps.length) / (to - from);
      request.onProgress?.(done);
      await yieldPoint();
    }
    return await run.read();
  } finally {
    run.dispose();
  }

  function fillNetworks(out: Float32Array, seed: number, stream: number, step: number): void {
    const firstNetwork = noise.kind === 'seeded' ? noise.firstNetwork : 0;
    for (let i = 0; i < last - first; i++) {
      const address = { seed, stream, step, item: firstNetwork + first + i };
      fillNormal(out.subarray(i * perNetwork, (i + 1) * perNetwork), address);
    }
  }
}
