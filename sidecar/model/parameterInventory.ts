// The one list of everything a model stores: names as published, shapes, how each starts and whether it is trained.
// Engines allocate from it, files are written in its order. No tensors here, no values (initialValues.ts makes those).
import { userError, type RpgError } from '../util/rpgError';
import type { DenoiserSpec, ModelSpec } from './modelSpec';
import { affine, buffer, constant, normEntries, parameter, timeFeatures, type ParameterEntry } from './parameterEntry';
import { recurrentEntries } from './recurrent/registry';

/** Everything the model stores, in the published order. *Errors* channel lists the skip connections cannot join. */
export function parameterInventory(spec: ModelSpec): readonly ParameterEntry[] {
  return [
    ...conditionEntries(spec),
    {
      ...parameter('to_permutation_state.weight', [spec.nPermutation, spec.dModel], constant(1 / spec.dModel)),
      takesPart: spec.usePermutationState,
    },
    positionEntry(spec),
    ...recurrentEntries(spec.recurrent),
    ...(spec.denoiser ? denoiserEntries(spec, spec.denoiser) : []),
  ];
}

/** The entries an optimizer step changes, in inventory order: the layout of flat optimizer state. */
export function trainedEntries(inventory: readonly ParameterEntry[]): readonly ParameterEntry[] {
  return inventory.filter(entry => entry.trainable && entry.takesPart);
}

/** One convolution of the denoiser and what surrounds it. */
export interface DenoiserLayer {
  /** `criteria.net.encoder_list.0`, … */
  readonly prefix: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** The last layer has neither batch norm nor ELU. */
  readonly normalised: boolean;
  /** Layer whose output is added to this layer's input, or null. */
  readonly skipFrom: number | null;
}

/** The denoiser's convolutions: the first floor((n+1)/2)+1 of n are the encoder, all but its last two are kept for the decoder. */
export function denoiserLayers(denoiser: DenoiserSpec): readonly DenoiserLayer[] {
  const channels = denoiser.layerChannels;
  const nLayers = channels.length - 1;
  if (nLayers < 2 || channels[0] !== 1 || channels[nLayers] !== 1 || denoiser.kernelSize % 2 !== 1) {
    throw badChannels(denoiser, 'needs at least three entries, 1 at both ends, and an odd kernel size');
  }
  const nEncoder = Math.min(nLayers, Math.floor((nLayers + 1) / 2) + 1);
  const kept = Math.max(0, nEncoder - 2);
  return Array.from({ length: nLayers }, (_, i) => {
    const decoderIndex = i - nEncoder;
    const skipFrom = decoderIndex < 0 ? null : kept - 1 - decoderIndex;
    if (skipFrom !== null && channels[skipFrom + 1] !== channels[i]) {
      throw badChannels(
        denoiser,
        `the decoder adds an output of ${channels[skipFrom + 1] ?? 0} channels to an input of ${channels[i]!}: make the list symmetric`,
      );
    }
    return {
      prefix: decoderIndex < 0 ? `criteria.net.encoder_list.${i}` : `criteria.net.decoder_list.${decoderIndex}`,
      inChannels: channels[i]!,
      outChannels: channels[i + 1]!,
      normalised: i < nLayers - 1,
      skipFrom,
    };
  });
}

function conditionEntries(spec: ModelSpec): ParameterEntry[] {
  const { kind, dCondition, taskBits } = spec.condition;
  switch (kind) {
    case 'none':
      return affine('to_condition', spec.dModel, dCondition);
    case 'task':
      return [
        ...affine('get_condition.0', dCondition, taskBits),
        ...affine('to_condition_linear', spec.dModel, dCondition),
        buffer('to_condition_gate', [1, spec.nTokens, 1], { kind: 'taskGate' }),
      ];
    case 'taskFull':
      return [
        ...affine('get_condition.0', dCondition, taskBits),
        ...normEntries('get_condition.1', dCondition),
        ...affine('to_condition_linear', spec.dModel, dCondition),
        ...affine('to_condition_conv.0', spec.nTokens, 1, 9),
        ...normEntries('to_condition_conv.1', spec.nTokens),
        ...affine('to_condition_conv.2', spec.nTokens, spec.nTokens, 9),
      ];
    default:
      return kind satisfies never;
  }
}

function positionEntry(spec: ModelSpec): ParameterEntry {
  const entry = buffer('model.pe', [1, spec.nTokens, spec.dModel], { kind: 'positionEmbedding' });
  return spec.trainPositionEmbedding ? { ...entry, kind: 'parameter', trainable: true } : entry;
}

function denoiserEntries(spec: ModelSpec, denoiser: DenoiserSpec): ParameterEntry[] {
  return [
    buffer('criteria.net.time_embedder.freqs', [timeFeatures / 2], { kind: 'timeFrequencies' }),
    ...affine('criteria.net.time_embedder.mlp.0', spec.dimPerToken, timeFeatures),
    ...affine('criteria.net.time_embedder.mlp.2', spec.dimPerToken, spec.dimPerToken),
    ...affine('criteria.net.condi_embedder', spec.dimPerToken, spec.dPrototype),
    ...denoiserLayers(denoiser).flatMap(layer => {
      const [weight, bias] = affine(`${layer.prefix}.0`, layer.outChannels, layer.inChannels, denoiser.kernelSize);
      if (!layer.normalised) return [weight!, bias!];
      const norm = `${layer.prefix}.1.0`;
      return [
        weight!,
        { ...bias!, zeroGradient: true },
        ...normEntries(norm, layer.outChannels),
        buffer(`${norm}.running_mean`, [layer.outChannels], constant(0)),
        buffer(`${norm}.running_var`, [layer.outChannels], constant(1)),
        buffer(`${norm}.num_batches_tracked`, [], constant(0)),
      ];
    }),
  ];
}

function badChannels(denoiser: DenoiserSpec, why: string): RpgError {
  const { layerChannels, kernelSize } = denoiser;
  return userError(
    'bad-layer-channels',
    `diffusion.layerChannels [${layerChannels.join(', ')}] with kernelSize ${kernelSize} is not a denoiser: it ${why}`,
    { layerChannels, kernelSize },
  );
}
