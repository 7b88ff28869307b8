import { readdirSync, truncateSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureDataset } from '../../../../sidecar/datasets/measureDataset';
import { openTokenSource, tokenBytes } from '../../../../sidecar/methods/rpg/tokenSource';
import { createTokenLayout } from '../../../../sidecar/tokenizer/tokenLayout';
import { temporaryFolder } from '../../../support/folders';
import { makeTrainingWorkspace } from '../../../support/trainingWorkspace';

async function input() {
  const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder());
  const { structure, key, fingerprint, files } = await measureDataset(zoo, { useCache: false });
  const layout = createTokenLayout(structure, 8, 'layer');
  const tokens = { structure, layout, key, fingerprint, files: files.map(file => file.path) };
  const options = (memoryLimitBytes: number) => ({
    cacheFolder: path.join(folder, 'cache'),
    memoryLimitBytes,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  return { tokens, options, layout, folder };
}

describe('tokens of a dataset', () => {
  it('read from a file are those in memory', async () => {
    const { tokens, options, layout } = await input();
    const inMemory = await openTokenSource(tokens, options(1e9));
    const inFile = await openTokenSource(tokens, options(0));
    expect([inMemory.place, inFile.place]).toEqual(['memory', 'file']);
    const rows = Int32Array.of(4, 0, 2);
    for (const checkpoint of [0, 1, 2]) {
      const [a, b] = [new Float32Array(5 * 8), new Float32Array(5 * 8)];
      await inMemory.readRows(checkpoint, rows, a, 8);
      await inFile.readRows(checkpoint, rows, b, 8);
      expect(b).toEqual(a);
      expect(a.subarray(0, 8)).toEqual(new Float32Array(8));
      expect(a.some(value => value !== 0 && !Number.isNaN(value))).toBe(true);
    }
    expect(tokenBytes(3, layout)).toBe(4 * 3 * 5 * 8);
    inMemory.dispose();
    inFile.dispose();
  });

  it('in a file are used again, made anew when torn, and replace those of another cut', async () => {
    const { tokens, options, folder } = await input();
    (await openTokenSource(tokens, options(0))).dispose();
    const [name] = readdirSync(path.join(folder, 'cache'));
    const read = async () => {
      const source = await openTokenSource(tokens, options(0));
      const out = new Float32Array(8);
      await source.readRows(2, Int32Array.of(0), out, 0);
      source.dispose();
      return out;
    };
    const before = await read();
    truncateSync(path.join(folder, 'cache', name!), 40);
    expect(await read()).toEqual(before);
    const layout = createTokenLayout(tokens.structure, 16, 'layer');
    (await openTokenSource({ ...tokens, layout }, options(0))).dispose();
    expect(readdirSync(path.join(folder, 'cache'))).toEqual([name!.replace('-8.f32', '-16.f32')]);
  });
});
