// Where lies on the card what the host writes and whose size the model decides: a step's batch and scalars, the schedule, where
// a sampler stands. Not here: a sampler's tables, which are as long as its plan (sampling/sampler.ts).
import type { ModelSpec } from '../../../model/modelSpec';

/** Networks whose prototypes are made at once, at most. */
export const networksAtOnce = 64;

/** What is small and changes every step is one block. `take`: memory of some bytes; while planning, its address is of no use. */
export function placeInputs(spec: ModelSpec, take: (bytes: number) => bigint) {
  const { batchSize, rowsPerStep: n, dimPerToken: dim } = spec;
  const sequences = Math.max(batchSize, networksAtOnce);
  let stepBytes = 0;
  const offset = (bytes: number) => {
    const at = stepBytes;
    stepBytes += Math.ceil(bytes / 32) * 32;
    return at;
  };
  const offsets = {
    states: offset(sequences * 4),
    task: offset(sequences * spec.condition.taskBits * 4),
    rows: offset(n * 4),
    hyper: offset(32),
    key: offset(8),
  };
  const block = take(stepBytes);
  const inBlock = (at: number) => block + BigInt(at);
  return {
    block,
    offsets,
    staging: new Uint8Array(stepBytes),
    states: inBlock(offsets.states),
    task: inBlock(offsets.task),
    rows: inBlock(offsets.rows),
    hyper: inBlock(offsets.hyper),
    key: inBlock(offsets.key),
    x0: take(n * dim * 4),
    epsilon: take(n * dim * 4),
    t: take(n * 4),
    signalRate: take(spec.diffusion.T * 4),
    noiseRate: take(spec.diffusion.T * 4),
    loss: take(4),
    sampleState: take(16),
  };
}
