// Arrays as texts that are equal only where every bit is.
import type { NamedArrays } from '../../sidecar/engine/engine';

export function bits(arrays: NamedArrays): string[] {
  return [...arrays].map(
    ([name, { data }]) => `${name} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`,
  );
}
