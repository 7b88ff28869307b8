import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatchChooser } from '../../../../sidecar/methods/rpg/batches';

const plan = { seed: 7, nCheckpoints: 5, batchSize: 3, nTokens: 11, rowsPerStep: 13 };

describe('batches', () => {
  it('of a step are the same whatever was asked before: a resumed run goes on with them', () => {
    const inOrder = createBatchChooser(plan);
    const all = Array.from({ length: 20 }, (_, i) => inOrder(i + 1));
    const resumed = createBatchChooser(plan);
    expect(resumed(17)).toEqual(all[16]);
    expect(resumed(3)).toEqual(all[2]);
    expect(createBatchChooser({ ...plan, seed: 8 })(17)).not.toEqual(all[16]);
  });

  it('take every checkpoint once a round, in another order each round', () => {
    const choose = createBatchChooser(plan);
    const sequence = Array.from({ length: 20 }, (_, i) => [...choose(i + 1).checkpoints]).flat();
    const rounds = Array.from({ length: 12 }, (_, round) => sequence.slice(round * 5, round * 5 + 5));
    for (const round of rounds) expect([...round].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(rounds.map(round => round.join())).size).toBeGreaterThan(6);
  });

  it('with fewer checkpoints than the batch repeat them evenly', () => {
    const { checkpoints } = createBatchChooser({ ...plan, nCheckpoints: 2, batchSize: 7 })(1);
    const zeros = checkpoints.filter(checkpoint => checkpoint === 0).length;
    expect([3, 4]).toContain(zeros);
    expect(new Set(createBatchChooser({ ...plan, nCheckpoints: 1 })(4).checkpoints)).toEqual(new Set([0]));
  });

  it('use all rows when all enter the loss', () => {
    const { rows } = createBatchChooser({ ...plan, rowsPerStep: 33 })(2);
    expect([...rows]).toEqual(Array.from({ length: 33 }, (_, i) => i));
  });

  it('choose different rows, in ascending order, inside the batch', () => {
    const sizes = fc.record({
      seed: fc.nat(),
      step: fc.integer({ min: 1, max: 1e6 }),
      rows: fc.integer({ min: 1, max: 33 }),
    });
    fc.assert(
      fc.property(sizes, ({ seed, step, rows }) => {
        const chosen = [...createBatchChooser({ ...plan, seed, rowsPerStep: rows })(step).rows];
        expect(new Set(chosen).size).toBe(rows);
        expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
        expect(chosen.every(row => row >= 0 && row < 33)).toBe(true);
      }),
    );
  });

  it('choose every row equally often', () => {
    const choose = createBatchChooser(plan);
    const counts = new Array<number>(33).fill(0);
    const nSteps = 3000;
    for (let step = 1; step <= nSteps; step++) for (const row of choose(step).rows) counts[row]!++;
    const expected = (nSteps * 13) / 33;
    const deviation = Math.sqrt(nSteps * (13 / 33) * (20 / 33));
    for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(5 * deviation);
  });
});
