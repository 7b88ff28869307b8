import { describe, expect, it } from 'vitest';
import { estimate } from '../../../sidecar/model/estimate';
import type { ModelSpec } from '../../../sidecar/model/modelSpec';
import { tinySpec } from '../../support/specs';

/** The published quick-start model: 1,448 tokens × 8, width 8192. */
const quickStart = (): ModelSpec => {
  const layer = { dModel: 8192, dOutput: 8192, dInner: 16384, dState: 128, dConv: 4, headDim: 64, nHeads: 256 };
  return tinySpec({
    nTokens: 1448,
    dimPerToken: 8192,
    dModel: 8192,
    dPrototype: 8192,
    recurrent: { kind: 'mamba', layers: [layer, layer] },
    nPermutation: 100,
    denoiser: { layerChannels: [1, 32, 64, 128, 64, 32, 1], kernelSize: 7 },
    batchSize: 8,
    rowsPerStep: 512,
  });
};

describe('estimate', () => {
  it('counts the parameters of the quick-start model', () => {
    // 950.8 million in the published code with its own number of permutation states
    expect(estimate(quickStart()).parameters / 1e6).toBeCloseTo(950.8, -1);
  });

  it('counts its arithmetic: 57 TFLOP of the recurrent model and the denoiser of 512 rows', () => {
    expect(estimate(quickStart()).stepFlops / 1e12).toBeGreaterThan(55);
    expect(estimate(quickStart()).stepFlops / 1e12).toBeLessThan(65);
  });

  it('counts the mini model\u2019s convolutions exactly', () => {
    const spec = tinySpec({
      dimPerToken: 64,
      nTokens: 46,
      denoiser: { layerChannels: [1, 16, 32, 16, 1], kernelSize: 7 },
    });
    expect(estimate(spec).sampleStepFlops).toBe(2 * 46 * 64 * 7 * (16 + 512 + 512 + 16));
  });

  it.each([
    ['batchSize', { batchSize: 4 }],
    ['rowsPerStep', { rowsPerStep: 20 }],
    ['nTokens', { nTokens: 9 }],
  ])('grows with %s', (_, change) => {
    expect(estimate(tinySpec(change)).stepFlops).toBeGreaterThan(estimate(tinySpec()).stepFlops);
    expect(estimate(tinySpec(change)).activationBytes).toBeGreaterThan(estimate(tinySpec()).activationBytes);
  });

  it('knows every recurrent model', () => {
    for (const recurrent of [
      { kind: 'lstm', dModel: 6, nLayers: 1 },
      { kind: 'transformer', dModel: 6, nLayers: 1, nHeads: 2, dimHead: 3, dimFeedforward: 5 },
      { kind: 'gmlp', dModel: 6, nLayers: 1, expand: 2 },
    ] as const) {
      expect(estimate(tinySpec({ recurrent })).stepFlops).toBeGreaterThan(0);
    }
  });
});
