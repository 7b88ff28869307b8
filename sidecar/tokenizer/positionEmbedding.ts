// Sinusoids that tell the recurrent model where a token stands.
// Source: method.md §1.
import type { TokenLayout } from './tokenLayout';

export type PositionEmbedding = '2d' | '1d' | 'none';

const base = 10_000;

/**
 * *Shapes* result (nTokens, dModel). 2d: the first half of the channels encodes the row inside its tensor, the second half the
 * tensor; 1d: the row of the whole matrix; none: zero.
 */
export function createPositionEmbedding(
  layout: Pick<TokenLayout, 'nTokens' | 'tensorOfRow' | 'rowInTensor'>,
  dModel: number,
  kind: PositionEmbedding,
): Float32Array {
  const out = new Float32Array(layout.nTokens * dModel);
  if (kind === 'none') return out;
  const half = Math.floor(dModel / 2);
  for (let row = 0; row < layout.nTokens; row++) {
    const channels = out.subarray(row * dModel, (row + 1) * dModel);
    if (kind === '1d') {
      writeSinusoid(channels, row);
    } else {
      writeSinusoid(channels.subarray(0, half), layout.rowInTensor[row]!);
      writeSinusoid(channels.subarray(half), layout.tensorOfRow[row]!);
    }
  }
  return out;
}

/** sin on even, cos on odd channels; channel pair k turns at base^(-2k / channels). */
function writeSinusoid(channels: Float32Array, position: number): void {
  const count = channels.length;
  for (let channel = 0; channel < count; channel++) {
    const angle = position * Math.exp(((channel - (channel % 2)) * -Math.log(base)) / count);
    channels[channel] = channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  }
}
