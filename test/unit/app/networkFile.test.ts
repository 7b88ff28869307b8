import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../sidecar/checkpoint/registry';
import { safetensors } from '../../../sidecar/checkpoint/safetensors';
import { tensorFromBytes, type Tensor } from '../../../sidecar/checkpoint/tensor';
import { elementCount } from '../../../sidecar/util/namedArrays';
import { encodeFloat32, readFloat32, readTensorBytes } from '../../../sidecar/checkpoint/tensorData';
import { torchZip } from '../../../sidecar/checkpoint/torchZip';
import { measureDataset } from '../../../sidecar/datasets/measureDataset';
import { networkContent } from '../../../sidecar/app/generate/networkFile';
import type { NetworkWeights } from '../../../sidecar/methods/generating';
import type { Structure } from '../../../sidecar/tokenizer/structure';
import { createTokenLayout } from '../../../sidecar/tokenizer/tokenLayout';
import { detokenize } from '../../../sidecar/tokenizer/weightTokenizer';
import { temporaryFolder } from '../../support/folders';

const values = (shape: number[], scale: number) =>
  Float32Array.from({ length: elementCount(shape) }, (_, i) => scale * (i + 1));

/** Two checkpoints of tied, half-precision and fixed tensors; the first is the template. */
async function makeZoo(): Promise<string> {
  const folder = temporaryFolder();
  for (const scale of [1, 2]) {
    const embedding = tensorFromBytes('embedding', 'float32', [3, 2], encodeFloat32(values([3, 2], scale), 'float32'));
    const tensors: Tensor[] = [
      { ...embedding, isParameter: true, requiresGrad: true },
      tensorFromBytes('half', 'bfloat16', [5], encodeFloat32(values([5], scale), 'bfloat16')),
      tensorFromBytes('count', 'int64', [], new Uint8Array(BigInt64Array.of(BigInt(40 + scale)).buffer)),
      { ...embedding, name: 'head' },
    ];
    const moduleVersions = new Map([['', new Map([['version', 1]])]]);
    await torchZip.write!(path.join(folder, `net_${scale}.pth`), {
      dictionary: { key: '', tensors, moduleVersions },
      attributes: new Map(),
    });
  }
  return folder;
}

/** Of tokens of width 4 that are zeros (every weight is its tensor's mean) but for what is given. */
function weightsOf(structure: Structure, given: Readonly<Record<number, number>> = {}): NetworkWeights {
  const layout = createTokenLayout(structure, 4, 'layer');
  const tokens = Object.assign(new Float32Array(layout.nTokens * 4), given);
  return use => detokenize(structure, layout, tokens, use);
}

describe('a generated network', () => {
  it('has the order, types, sharing, metadata and fixed values of the first checkpoint', async () => {
    const folder = await makeZoo();
    const { structure, files, key } = await measureDataset(folder, { useCache: false });
    const template = openCheckpoint(files[0]!.path);
    const { content, nNotFinite } = networkContent(template, key, structure, weightsOf(structure));
    const written = path.join(folder, 'out.pth');
    await torchZip.write!(written, content);

    const read = openCheckpoint(written);
    const [embedding, half, count, head] = read.dictionaries[0]!.tensors;
    expect(nNotFinite).toBe(0);
    expect(read.dictionaries[0]!.moduleVersions).toEqual(template.dictionaries[0]!.moduleVersions);
    expect([embedding!.name, half!.dtype, count!.dtype, head!.name]).toEqual([
      'embedding',
      'bfloat16',
      'int64',
      'head',
    ]);
    expect([embedding!.isParameter, head!.isParameter]).toEqual([true, false]);
    expect(head!.storage).toBe(embedding!.storage);
    expect([...readFloat32(embedding!)]).toEqual(new Array(6).fill(5.25));
    expect([...readFloat32(half!)]).toEqual(new Array(5).fill(4.5));
    expect(new DataView(readTensorBytes(count!).slice().buffer).getBigInt64(0, true)).toBe(41n);
    template.dispose();
    read.dispose();
  });

  it('counts what is not finite', async () => {
    const { structure, files, key } = await measureDataset(await makeZoo(), { useCache: false });
    const template = openCheckpoint(files[0]!.path);
    const broken = weightsOf(structure, { 0: Infinity, 9: NaN });
    expect(networkContent(template, key, structure, broken).nNotFinite).toBe(2);
    template.dispose();
  });

  it('is refused when the first checkpoint is another network now', async () => {
    const folder = await makeZoo();
    const { structure, key } = await measureDataset(folder, { useCache: false });
    const other = path.join(folder, 'other.safetensors');
    const tensors = [tensorFromBytes('embedding', 'float32', [2, 3], new Uint8Array(24))];
    await safetensors.write!(other, { dictionary: { key: '', tensors, moduleVersions: null }, attributes: new Map() });
    const template = openCheckpoint(other);
    expect(() => networkContent(template, key, structure, weightsOf(structure))).toThrow(
      /expected embedding \[3, 2\], found embedding \[2, 3\]; put the original/,
    );
    template.dispose();
  });
});
