import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { initialWeights } from '../../../sidecar/model/initialValues';
import { denoiserLayers, parameterInventory, trainedEntries } from '../../../sidecar/model/parameterInventory';
import { fromPublished, publishedEntries } from '../../../sidecar/model/publishedWeights';
import { parseGoldenConfig } from '../../golden/goldenConfig';
import { readArrays } from '../../golden/readArrays';
import { mambaLayer, tinySpec } from '../../support/specs';

const casesFolder = path.resolve('test/golden/cases/model');

describe('publishedEntries', () => {
  it.each(readdirSync(casesFolder))('has exactly the names and shapes of the published file of %s, in order', name => {
    const folder = path.join(casesFolder, name);
    const published = readArrays(path.join(folder, 'weights.pth'));
    const config: unknown = JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
    const { spec } = parseGoldenConfig(config, readArrays(path.join(folder, 'io.safetensors')), published);
    const ours = publishedEntries(spec);
    expect(ours.map(e => [e.name, e.shape.join()])).toEqual([...published].map(([n, { shape }]) => [n, shape.join()]));
    for (const { name: entry, source } of ours) {
      if (source.kind !== 'schedule') continue;
      // The published files hold what float32 arithmetic gave; ours is float64 rounded once.
      source.data.forEach((value, i) => expect(value).toBeCloseTo(published.get(entry)!.data[i]!, 5));
    }
  });
});

describe('fromPublished', () => {
  const spec = tinySpec();
  const complete = () => initialWeights(spec, 1, null);

  it('keeps each tensor once', () => {
    const published = new Map(
      publishedEntries(spec).map(({ name, shape, source }) => [
        name,
        source.kind === 'inventory' ? complete().get(source.name)! : { shape, data: source.data },
      ]),
    );
    expect([...fromPublished(published, spec).keys()]).toEqual(parameterInventory(spec).map(e => e.name));
  });

  it('fills in frequencies that a file lacks', () => {
    const weights = complete();
    weights.delete('criteria.net.time_embedder.freqs');
    const filled = fromPublished(weights, spec).get('criteria.net.time_embedder.freqs')!.data;
    expect(filled[127]).toBeCloseTo(10000 ** (-127 / 128), 9);
  });

  it.each([
    ['a missing entry', 'lacks to_condition.bias', (w: ReturnType<typeof complete>) => w.delete('to_condition.bias')],
    [
      'a foreign entry',
      'does not have: foreign',
      (w: ReturnType<typeof complete>) => w.set('foreign', { shape: [1], data: new Float32Array(1) }),
    ],
    [
      'another shape',
      /\[2, 3\].*\[6\].*to_condition.bias/,
      (w: ReturnType<typeof complete>) => w.set('to_condition.bias', { shape: [2, 3], data: new Float32Array(6) }),
    ],
  ] as const)('refuses %s by name', (_, message, spoil) => {
    const weights = complete();
    spoil(weights);
    expect(() => fromPublished(weights, spec)).toThrow(message);
  });
});

describe('parameterInventory', () => {
  it('trains the position embedding only when asked', () => {
    const trained = (spec: ReturnType<typeof tinySpec>) => trainedEntries(parameterInventory(spec)).map(e => e.name);
    expect(trained(tinySpec())).not.toContain('model.pe');
    expect(trained(tinySpec({ trainPositionEmbedding: true }))).toContain('model.pe');
  });

  it('stores an unused permutation embedding without training it', () => {
    const entry = parameterInventory(tinySpec({ usePermutationState: false })).find(e =>
      e.name.startsWith('to_permutation'),
    )!;
    expect(entry).toMatchObject({ trainable: true, takesPart: false, shape: [3, 6] });
  });

  it('gives the wide second Mamba layer its own inner width', () => {
    const spec = tinySpec({ dPrototype: 10, recurrent: { kind: 'mamba', layers: [mambaLayer(6), mambaLayer(6, 10)] } });
    const shapes = new Map(parameterInventory(spec).map(e => [e.name, e.shape]));
    expect(shapes.get('model.mamba_forward.1.in_proj.weight')).toEqual([20 + 26 + 1, 6]);
    expect(shapes.get('model.mamba_forward.1.out_proj.weight')).toEqual([10, 20]);
    expect(shapes.get('criteria.net.condi_embedder.weight')).toEqual([11, 10]);
  });

  it('has no denoiser names without diffusion', () => {
    expect(publishedEntries(tinySpec({ denoiser: null })).some(e => e.name.startsWith('criteria'))).toBe(false);
  });
});

describe('denoiserLayers', () => {
  it('joins the kept encoder outputs to the decoder in reverse order', () => {
    const layers = denoiserLayers({ layerChannels: [1, 32, 64, 128, 64, 32, 1], kernelSize: 7 });
    expect(layers.map(l => l.skipFrom)).toEqual([null, null, null, null, 1, 0]);
    expect(layers.map(l => l.prefix.split('.').slice(2).join('.'))).toEqual([
      'encoder_list.0', 'encoder_list.1', 'encoder_list.2', 'encoder_list.3', 'decoder_list.0', 'decoder_list.1',
    ]); // prettier-ignore
    expect(layers.map(l => l.normalised)).toEqual([true, true, true, true, true, false]);
  });

  it.each([
    [[1, 4, 5, 6, 7, 3, 1], 7],
    [[1, 4, 8, 4, 1], 6],
    [[2, 4, 8, 4, 1], 7],
  ])('refuses channels %j with kernel %i', (layerChannels, kernelSize) => {
    expect(() => denoiserLayers({ layerChannels, kernelSize })).toThrow(/is not a denoiser/);
  });
});

describe('initialWeights', () => {
  const spec = tinySpec();
  const weights = initialWeights(spec, 5, null);
  const values = (name: string) => [...weights.get(name)!.data];

  it('depends on the seed and on nothing else', () => {
    expect(initialWeights(spec, 5, null)).toEqual(weights);
    expect(initialWeights(spec, 6, null).get('to_condition.bias')).not.toEqual(weights.get('to_condition.bias'));
  });

  it('starts as the method says', () => {
    expect(values('to_permutation_state.weight').every(v => Math.abs(v - 1 / 6) < 1e-7)).toBe(true);
    const [aLog] = values('model.mamba_forward.0.A_log');
    expect(Math.exp(aLog!)).toBeGreaterThanOrEqual(1);
    expect(Math.exp(aLog!)).toBeLessThanOrEqual(16);
    const dt = Math.log1p(Math.exp(values('model.mamba_forward.0.dt_bias')[0]!));
    expect(dt).toBeGreaterThanOrEqual(0.000999);
    expect(dt).toBeLessThanOrEqual(0.1001);
    const bound = 1 / Math.sqrt(3 * 3);
    expect(Math.max(...values('criteria.net.encoder_list.1.0.weight').map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...values('criteria.net.encoder_list.1.0.weight'))).toBeGreaterThan(0.8 * bound);
    expect(values('criteria.net.encoder_list.0.1.0.running_var')).toEqual([1, 1, 1]);
  });

  it('opens the task gate for the last eight tokens', () => {
    const task = tinySpec({ nTokens: 10, condition: { kind: 'task', dCondition: 2, taskBits: 3 } });
    expect([...initialWeights(task, 1, null).get('to_condition_gate')!.data]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('takes the position embedding as given, and refuses another size', () => {
    const pe = Float32Array.from({ length: 30 }, (_, i) => i);
    expect(initialWeights(spec, 1, pe).get('model.pe')!.data).toEqual(pe);
    expect(() => initialWeights(spec, 1, new Float32Array(29))).toThrow(/29 values/);
  });
});
