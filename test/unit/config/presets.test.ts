import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { draftConfig } from '../../../sidecar/config/draftConfig';
import { runConfigSchema } from '../../../sidecar/config/jsonSchema';
import { presets } from '../../../sidecar/config/presets';
import { resolveConfig } from '../../../sidecar/config/resolveConfig';
import { toModelSpec } from '../../../sidecar/config/toModelSpec';
import { methods } from '../../../sidecar/methods/registry';
import { closest, editDistance } from '../../../sidecar/util/closest';

const engine = {
  name: 'cuda',
  fastPrecision: 'bfloat16' as const,
  precisions: ['float32', 'bfloat16'],
  optimizerStates: ['float32', 'uint8'],
};

function specOf(preset: string, nTokens: number) {
  const dataset = { name: 'zoo', nCheckpoints: 11, cut: () => ({ nTokens }), classes: [3] };
  const sources = { preset, overrides: new Map([['dataset', 'zoo']]) };
  const { config } = resolveConfig(sources, presets, { dataset, engine });
  return toModelSpec(config, { nCheckpoints: 11, nTokens });
}

describe('presets', () => {
  it('have distinct names and are whole by themselves', () => {
    expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
    for (const { name } of presets) expect(draftConfig({ preset: name }, presets).problems).toEqual([]);
  });

  it('make the quick-start model of the published code', () => {
    expect(specOf('cifar10-resnet18', 1448)).toMatchObject({
      nTokens: 1448,
      dimPerToken: 8192,
      dPrototype: 8192,
      nPermutation: 11,
      usePermutationState: true,
      batchSize: 8,
      rowsPerStep: 512,
      recurrent: { layers: [{ dModel: 8192, dOutput: 8192, dInner: 16384, dState: 128, nHeads: 256 }, {}] },
    });
  });

  it('make a second layer that reads 12288 and writes 16384', () => {
    const { recurrent, dModel, dPrototype } = specOf('vit-base', 5000);
    expect([dModel, dPrototype]).toEqual([12288, 16384]);
    expect(recurrent).toMatchObject({
      layers: [
        { dModel: 12288, dOutput: 12288, dInner: 24576 },
        { dModel: 12288, dOutput: 16384, dInner: 32768 },
      ],
    });
  });

  it('train all rows where the table says all, or asks for more rows than there are', () => {
    expect(specOf('cnnsmall', 19).rowsPerStep).toBe(19 * 8);
    expect(specOf('resnet18', 13).rowsPerStep).toBe(13 * 8);
  });

  it('condition unseen tasks on bits and use no permutation state', () => {
    expect(specOf('unseen-tasks', 13)).toMatchObject({
      usePermutationState: false,
      condition: { kind: 'task', dCondition: 1024, taskBits: 10 },
    });
  });
});

describe('the JSON schema', () => {
  it('in media/ is current (node scripts/run.mjs scripts/writeSchema.ts)', () => {
    const onDisk = readFileSync(new URL('../../../media/rpg.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(onDisk)).toEqual(JSON.parse(JSON.stringify(runConfigSchema(presets, methods))));
  });
});

describe('did you mean', () => {
  it.each([
    ['stepz', 'steps'],
    ['setps', 'steps'],
    ['Steps', 'steps'],
    ['xyzzy', null],
  ])('%s → %s', (word, expected) => expect(closest(word, ['batchSize', 'steps', 'schedule'])).toBe(expected));

  it('counts a swap of neighbours as one edit', () => {
    expect(editDistance('setps', 'steps')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });
});
