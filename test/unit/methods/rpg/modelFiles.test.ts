import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, selectDictionary } from '../../../../sidecar/checkpoint/registry';
import type { Tensor } from '../../../../sidecar/checkpoint/tensor';
import { readTensorBytes } from '../../../../sidecar/checkpoint/tensorData';
import { readPublishedWeights, writePublishedWeights } from '../../../../sidecar/methods/rpg/modelFiles';
import { parseGoldenConfig } from '../../../golden/goldenConfig';
import { readArrays } from '../../../golden/readArrays';
import { goldenCases, temporaryFolder } from '../../../support/folders';

function specOf(folder: string) {
  const config: unknown = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  const weights = readArrays(path.join(folder, 'weights.pth'));
  return parseGoldenConfig(config, readArrays(path.join(folder, 'io.safetensors')), weights).spec;
}

/** What a file says of each tensor; `twin` is the first tensor in the same storage. */
function describeFile(file: string) {
  const checkpoint = openCheckpoint(file);
  const { tensors } = selectDictionary(checkpoint);
  const firstOf = (tensor: Tensor) => tensors.find(other => other.storage === tensor.storage)!.name;
  const described = tensors.map(tensor => ({
    name: tensor.name,
    dtype: tensor.dtype,
    shape: [...tensor.shape],
    twin: firstOf(tensor),
    bytes: Buffer.from(readTensorBytes(tensor)).toString('hex'),
  }));
  checkpoint.dispose();
  return described;
}

describe.each(['mamba', 'lstm', 'transformer', 'gmlp', 'task'])('published weights of a %s model', name => {
  it('read and written again are the same tensors, in the same order, sharing the same storage', async () => {
    const folder = path.join(goldenCases, 'model', name);
    const spec = specOf(folder);
    const written = path.join(temporaryFolder(), 'weights.pth');
    await writePublishedWeights(written, spec, readPublishedWeights(path.join(folder, 'weights.pth'), spec));
    const [found, expected] = [describeFile(written), describeFile(path.join(folder, 'weights.pth'))];
    expect(found.map(tensor => tensor.name)).toEqual(expected.map(tensor => tensor.name));
    const isSchedule = (tensorName: string) => /(_t|rate|coeff_\d|variance)$/.test(tensorName);
    for (const [i, tensor] of expected.entries()) {
      // Schedule buffers are computed: equal to a rounding, and the model tests compare them.
      if (isSchedule(tensor.name)) expect({ ...found[i], bytes: '' }).toEqual({ ...tensor, bytes: '' });
      else expect(found[i], tensor.name).toEqual(tensor);
    }
  });
});
