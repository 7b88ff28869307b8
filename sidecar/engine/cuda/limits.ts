// Sizes the kernels are written for. No published model is larger; what is runs on the portable engine.
import type { ModelSpec } from '../../model/modelSpec';
import type { OpenOptions } from '../engine';
import { unsupportedRecurrent } from './layers/recurrent';

/** Channels in whole vectors, up to 32 of them; channels that fill none, up to this many. */
const maxOddChannels = 32;

/** What the kernels do not know of a model, by the setting's name, or null. */
export function unsupportedSizes(
  { recurrent, denoiser }: ModelSpec,
  precision: OpenOptions['precision'],
): string | null {
  const unsupported = unsupportedRecurrent(recurrent);
  if (unsupported !== null) return unsupported;
  const vector = precision === 'float32' ? 4 : 8; // what a thread moves at once, 16 bytes
  const isKnown = (channels: number): boolean =>
    channels <= (channels % vector === 0 ? maxOddChannels * vector : maxOddChannels);
  const { layerChannels = [] } = denoiser ?? {};
  if (layerChannels.every(isKnown)) return null;
  return `diffusion.layerChannels [${layerChannels.join(', ')}]; its kernels know up to ${maxOddChannels}, and multiples of ${vector} up to ${maxOddChannels * vector}`;
}
