// How networks are drawn from a snapshot: the sampler's plan, and the open model that samples tokens and turns them into weights.
import { taskBitsOf } from '../../datasets/checkpointFolder';
import type { Conditioning, Model } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { samplerRemark, type SamplerPlan } from '../../model/sampler';
import { defaultSampler, planSampler, samplerOptions } from '../../model/samplers/registry';
import { createSchedule } from '../../model/schedule';
import { detokenize } from '../../tokenizer/weightTokenizer';
import type {
  GeneratingPlan,
  GeneratingRequest,
  NetworkGenerator,
  NetworkWeights,
  OpenGeneratingRequest,
  SampleNetworksRequest,
  WantedNetwork,
} from '../generating';
import { readSnapshotWeights } from './modelFiles';
import { precisionAt, refusalOf } from './precision';
import type { TokenModel } from './tokenModel';

/** *Errors* `bad-request`, `too-many-sampler-steps`: options that the sampler or its schedule does not allow. */
export function planGenerating(model: TokenModel, { sampler: asked, step }: GeneratingRequest): GeneratingPlan {
  const { spec, config } = model;
  const sampler = samplerOf(asked, spec);
  const plan = planOf(sampler, spec);
  return {
    sampler,
    conditions: {
      permutationStates: spec.usePermutationState ? spec.nPermutation : null,
      taskBits: spec.condition.kind === 'none' ? null : spec.condition.taskBits,
    },
    notes: notesOf(plan, spec),
    groupSize: groupSize(tokenEntries(spec)),
    refuses: device => refusalOf(device, spec, [precisionAt(step, config.training)]),
    open: opening => openGenerator(model, plan, opening),
  };
}

/** *Errors* user: an option is given that the sampler would pay no heed to. */
function samplerOf(asked: GeneratingRequest['sampler'], spec: ModelSpec): GeneratingPlan['sampler'] {
  if (!spec.denoiser) return { kind: 'none', steps: 0, spacing: 'even', eta: 0 };
  const { sampler: kind = defaultSampler } = asked;
  return { kind, ...samplerOptions(kind, asked, spec.diffusion.T) };
}

/** Null without diffusion: the prototypes are the tokens. */
function planOf({ kind, steps, spacing, eta }: GeneratingPlan['sampler'], spec: ModelSpec): SamplerPlan | null {
  return kind === 'none' ? null : planSampler(kind, createSchedule(spec.diffusion), { steps, spacing, eta });
}

function notesOf(plan: SamplerPlan | null, spec: ModelSpec): string[] {
  const remark = plan && samplerRemark(plan, createSchedule(spec.diffusion));
  return remark === null ? [] : [remark];
}

/** Of one network. */
const tokenEntries = ({ nTokens, dimPerToken }: ModelSpec): number => nTokens * dimPerToken;

/** Networks sampled together: their tokens stay under a gigabyte on the host; engines split further as they need. */
function groupSize(entriesPerNetwork: number): number {
  return Math.max(1, Math.floor(2 ** 28 / entriesPerNetwork));
}

async function openGenerator(
  of: TokenModel,
  plan: SamplerPlan | null,
  { snapshot, device, workers, tokenSlice, say, signal }: OpenGeneratingRequest,
): Promise<NetworkGenerator> {
  const model = await device.open(of.spec, {
    seed: of.config.seed,
    workers,
    precision: precisionAt(snapshot.step, of.config.training),
    optimizerState: 'none',
    tokenSlice,
    onMemoryPlan: say,
    signal,
  });
  try {
    await model.writeWeights(readSnapshotWeights(snapshot));
  } catch (error) {
    await model.dispose();
    throw error;
  }
  return {
    async sample(request) {
      const tokens = await sampleTokens(model, plan, of.spec, request);
      return request.networks.map((_, i) => weightsOf(of, tokens, i));
    },
    memory: () => model.memory(),
    dispose: () => model.dispose(),
  };
}

/** *Shapes* → (group, nTokens, dimPerToken). Without diffusion the prototypes are the tokens. */
async function sampleTokens(
  model: Model,
  plan: SamplerPlan | null,
  spec: ModelSpec,
  { networks, seed, onProgress, signal }: SampleNetworksRequest,
): Promise<Float32Array> {
  const conditioning = conditioningOf(networks, spec);
  const count = networks.length;
  if (!plan) return repeatTo(await model.prototypes(conditioning), count * tokenEntries(spec));
  const noise = { kind: 'seeded', seed, firstNetwork: networks[0]!.index } as const;
  return model.sample({ count, conditioning, plan, noise, onProgress, signal });
}

/** Of the i-th network of a group's tokens. */
function weightsOf({ spec, structure, layout }: TokenModel, tokens: Float32Array, i: number): NetworkWeights {
  const entries = tokenEntries(spec);
  return use => detokenize(structure, layout, tokens.subarray(i * entries, (i + 1) * entries), use);
}

/** The engine's view of a group of networks. */
export function conditioningOf(networks: readonly WantedNetwork[], spec: ModelSpec): Conditioning {
  const { kind, taskBits } = spec.condition;
  return {
    permutationState: spec.usePermutationState ? Int32Array.from(networks, network => network.permutationState!) : null,
    task: kind === 'none' ? null : Float32Array.from(networks.flatMap(network => taskBitsOf(network.class!, taskBits))),
  };
}

function repeatTo(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const out = new Float32Array(length);
  for (let at = 0; at < length; at += values.length) out.set(values, at);
  return out;
}
