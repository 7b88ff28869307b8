// Small model specifications for tests, with distinct primes where the mathematics allows them.
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import type { MambaLayerSpec } from '../../sidecar/model/recurrent/mamba';
import type { RecurrentSpec } from '../../sidecar/model/recurrent/registry';
import type { TrainingBatch } from '../../sidecar/engine/engine';
import { fillNormal } from '../../sidecar/model/philox';

/** One Mamba-2 layer; heads as wide as the inner width, so that widths need not be multiples of 64. */
export function mambaLayer(dModel: number, dOutput = dModel, expand = 2): MambaLayerSpec {
  const dInner = expand * dOutput;
  return { dModel, dOutput, dInner, dState: 3, dConv: 4, headDim: dInner, nHeads: 1 };
}

/** 5 tokens of 11 weights, two checkpoints a step; `change` overrides fields. */
export function tinySpec(change: Partial<ModelSpec> = {}): ModelSpec {
  const recurrent: RecurrentSpec = change.recurrent ?? { kind: 'mamba', layers: [mambaLayer(6)] };
  return {
    nTokens: 5,
    dimPerToken: 11,
    dModel: 6,
    dPrototype: 6,
    recurrent,
    condition: { kind: 'none', dCondition: 1, taskBits: 3 },
    nPermutation: 3,
    usePermutationState: true,
    denoiser: { layerChannels: [1, 3, 5, 3, 1], kernelSize: 3 },
    diffusion: { T: 13, betaStart: 1e-3, betaEnd: 0.05 },
    trainPositionEmbedding: false,
    batchSize: 2,
    rowsPerStep: 10,
    ...change,
  };
}

/** All rows of every sequence, seeded values, some padding. */
export function tinyBatch(spec: ModelSpec, step = 1): TrainingBatch {
  const n = spec.rowsPerStep;
  const x0 = new Float32Array(n * spec.dimPerToken);
  fillNormal(x0, { seed: 3, stream: 99, step: 0, item: 0 });
  x0.fill(NaN, x0.length - 4);
  const withTask = spec.condition.kind !== 'none';
  return {
    permutationState: spec.usePermutationState
      ? Int32Array.from({ length: spec.batchSize }, (_, i) => i % spec.nPermutation)
      : null,
    task: withTask
      ? Float32Array.from({ length: spec.batchSize * spec.condition.taskBits }, (_, i) => ((i * 5) % 3) & 1)
      : null,
    rows: Int32Array.from({ length: n }, (_, i) => (i * 7) % (spec.batchSize * spec.nTokens)),
    x0,
    noise: { kind: 'seeded', seed: 11, step },
  };
}
