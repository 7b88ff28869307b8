import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planNetworks } from '../../../sidecar/app/generate/planNetworks';
import type { Conditions } from '../../../sidecar/methods/generating';

const spaces: Conditions = { permutationStates: 7, taskBits: null };
const tasks: Conditions = { permutationStates: null, taskBits: 4 };

describe('planning networks', () => {
  it('names them by number, or by class, or by both', () => {
    const names = (params: Parameters<typeof planNetworks>[0], of: Conditions) =>
      planNetworks(params, 'tag', 1, of).map(network => network.name);
    expect(names({ count: 2 }, spaces)).toEqual(['generated_tag_001', 'generated_tag_002']);
    expect(names({ classes: [3, 12, 3] }, tasks)).toEqual(['generated_tag_class0003', 'generated_tag_class0012']);
    expect(names({ classes: [3], count: 2 }, tasks)).toEqual([
      'generated_tag_class0003_001',
      'generated_tag_class0003_002',
    ]);
  });

  it('draws permutation states from the seed, the same for a network however many are asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
        const few = planNetworks({ count }, 't', seed, spaces);
        const more = planNetworks({ count: count + 5 }, 't', seed, spaces);
        expect(more.slice(0, count)).toEqual(few);
        for (const { permutationState } of more) expect(permutationState).toBeOneOf([0, 1, 2, 3, 4, 5, 6]);
      }),
    );
    const drawn = planNetworks({ count: 200 }, 't', 3, spaces).map(network => network.permutationState);
    expect(new Set(drawn).size).toBe(7);
  });

  it('refuses a seed of which only a part would be used', () => {
    expect(() => planNetworks({}, 't', 2 ** 32, spaces)).toThrow('seed 4294967296 is too large; give 0 to 4294967295');
  });

  it.each(['', 'a/b', 'a\nb'])('refuses %j as a part of file names', tag => {
    expect(() => planNetworks({}, tag, 1, spaces)).toThrow(/is not part of a file name/);
  });
});
