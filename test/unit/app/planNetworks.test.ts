import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditioningOf, planNetworks } from '../../../sidecar/app/generate/planNetworks';
import type { ModelSpec } from '../../../sidecar/model/modelSpec';

const spec: ModelSpec = {
  nTokens: 5,
  dimPerToken: 8,
  dModel: 8,
  dPrototype: 8,
  recurrent: { kind: 'gmlp', dModel: 8, nLayers: 1, expand: 1 },
  condition: { kind: 'none', dCondition: 1, taskBits: 4 },
  nPermutation: 7,
  usePermutationState: true,
  denoiser: null,
  diffusion: { T: 5, betaStart: 1e-4, betaEnd: 0.02 },
  trainPositionEmbedding: false,
  batchSize: 1,
  rowsPerStep: 5,
};
const taskSpec: ModelSpec = { ...spec, usePermutationState: false, condition: { ...spec.condition, kind: 'task' } };

describe('planning networks', () => {
  it('names them by number, or by class, or by both', () => {
    const names = (params: Parameters<typeof planNetworks>[0], of: ModelSpec) =>
      planNetworks(params, 'tag', 1, of).map(network => network.name);
    expect(names({ count: 2 }, spec)).toEqual(['generated_tag_001', 'generated_tag_002']);
    expect(names({ classes: [3, 12, 3] }, taskSpec)).toEqual(['generated_tag_class0003', 'generated_tag_class0012']);
    expect(names({ classes: [3], count: 2 }, taskSpec)).toEqual([
      'generated_tag_class0003_001',
      'generated_tag_class0003_002',
    ]);
  });

  it('draws permutation states from the seed, the same for a network however many are asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
        const few = planNetworks({ count }, 't', seed, spec);
        const more = planNetworks({ count: count + 5 }, 't', seed, spec);
        expect(more.slice(0, count)).toEqual(few);
        for (const { permutationState } of more) expect(permutationState).toBeOneOf([0, 1, 2, 3, 4, 5, 6]);
      }),
    );
    const drawn = planNetworks({ count: 200 }, 't', 3, spec).map(network => network.permutationState);
    expect(new Set(drawn).size).toBe(7);
  });

  it('refuses a seed of which only a part would be used', () => {
    expect(() => planNetworks({}, 't', 2 ** 32, spec)).toThrow('seed 4294967296 is too large; give 0 to 4294967295');
  });

  it.each(['', 'a/b', 'a\nb'])('refuses %j as a part of file names', tag => {
    expect(() => planNetworks({}, tag, 1, spec)).toThrow(/is not part of a file name/);
  });

  it('tells the engine states, or the bits of the classes, highest first', () => {
    expect(conditioningOf(planNetworks({ count: 2, permutation: 6 }, 't', 0, spec), spec)).toEqual({
      permutationState: Int32Array.of(6, 6),
      task: null,
    });
    expect(conditioningOf(planNetworks({ classes: [3, 12] }, 't', 0, taskSpec), taskSpec)).toEqual({
      permutationState: null,
      task: Float32Array.of(0, 0, 1, 1, 1, 1, 0, 0),
    });
  });
});
