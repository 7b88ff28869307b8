import { describe, expect, it } from 'vitest';
import { presets } from '../../../../sidecar/config/presets';
import { resolveConfig } from '../../../../sidecar/config/resolveConfig';
import { toModelSpec } from '../../../../sidecar/config/toModelSpec';
import { estimateMemory } from '../../../../sidecar/methods/rpg/memoryEstimate';

function estimateOf(preset: string, nTokens: number, settings: string[] = []) {
  const dataset = { name: 'zoo', nCheckpoints: 50, cut: () => ({ nTokens }), classes: [1] };
  const engine = {
    name: 'x',
    fastPrecision: 'float32',
    precisions: ['float32'],
    optimizerStates: ['float32'],
  } as const;
  const sources = { preset, settings, overrides: new Map([['dataset', 'zoo']]) };
  const { config } = resolveConfig(sources, presets, { dataset, engine });
  return estimateMemory(toModelSpec(config, { nCheckpoints: 50, nTokens }), { workers: 2, optimizerState: 'float32' });
}

describe('the memory estimate', () => {
  it('is within an eighth of what was measured on the wasm device with two workers', () => {
    // Peak resident memory of `rpg train` on 2,464 weights: 256 MB with preset demo, 615 MB with cnnsmall.
    expect(estimateOf('demo', 46).totalBytes / 256e6).toBeCloseTo(1, 0.6);
    expect(estimateOf('cnnsmall', 19).totalBytes / 615e6).toBeCloseTo(1, 0.6);
  });

  it('counts the parameters of the published quick-start model', () => {
    const { nParameters } = estimateOf('cifar10-resnet18', 1448);
    expect(nParameters / 950.8e6).toBeCloseTo(1, 1.5);
  });

  it('grows with batch and rows, not with steps', () => {
    const base = estimateOf('demo', 46);
    expect(estimateOf('demo', 46, ['training.batchSize=16']).activationBytes).toBe(2 * base.activationBytes);
    expect(estimateOf('demo', 46, ['diffusion.diffusionBatch=46']).activationBytes).toBeLessThan(
      base.activationBytes / 2,
    );
    expect(estimateOf('demo', 46, ['training.steps=9999'])).toEqual(base);
  });

  it.each(['lstm', 'transformer', 'gmlp'])('covers %s', kind => {
    expect(estimateOf('demo', 46, [`recurrent.kind=${kind}`]).totalBytes).toBeGreaterThan(1.5e8);
  });
});
