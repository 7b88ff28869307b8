import { describe, expect, it } from 'vitest';
import { conditioningOf } from '../../../../sidecar/methods/rpg/generating';
import type { ModelSpec } from '../../../../sidecar/model/modelSpec';

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

describe('the engine’s view of a group', () => {
  it('is states, or the bits of the classes, highest first', () => {
    const states = [0, 1].map(index => ({ index, permutationState: 6, class: null }));
    expect(conditioningOf(states, spec)).toEqual({ permutationState: Int32Array.of(6, 6), task: null });
    const tasks = [3, 12].map((label, index) => ({ index, permutationState: null, class: label }));
    expect(conditioningOf(tasks, taskSpec)).toEqual({
      permutationState: null,
      task: Float32Array.of(0, 0, 1, 1, 1, 1, 0, 0),
    });
  });
});
