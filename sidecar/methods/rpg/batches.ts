// What each step trains on: which checkpoints, and which token rows of them enter the loss. Every choice is a function of
// (seed, step), so a resumed run needs no other state to go on with the same batches.
import { fillUniform, streams } from '../../model/philox';

export interface BatchPlan {
  readonly seed: number;
  readonly nCheckpoints: number;
  readonly batchSize: number;
  readonly nTokens: number;
  /** Token rows that enter the loss each step, at most batchSize · nTokens. */
  readonly rowsPerStep: number;
}

/** One step's choices. *Shapes* checkpoints (b); rows (n), ascending, of the flattened (b · nTokens). */
export interface BatchChoice {
  checkpoints: Int32Array;
  rows: Int32Array;
}

/**
 * Chooses the batch of any step, in any order. Checkpoints come in shuffled rounds, each checkpoint once a round, as from a
 * shuffled data loader that never ends; so with fewer checkpoints than the batch a step holds some of them several times
 * (with different noise), and one checkpoint alone fills it.
 */
export function createBatchChooser(plan: BatchPlan): (step: number) => BatchChoice {
  const { seed, nCheckpoints, batchSize, nTokens, rowsPerStep } = plan;
  const rounds = createRounds(seed, nCheckpoints);
  const nRows = batchSize * nTokens;
  const allRows = Int32Array.from({ length: nRows }, (_, row) => row);
  return step => {
    const first = (step - 1) * batchSize;
    const checkpoints = Int32Array.from({ length: batchSize }, (_, i) => rounds(first + i));
    return { checkpoints, rows: rowsPerStep === nRows ? allRows : chooseRows(seed, step, rowsPerStep, nRows) };
  };
}

/** Position in the endless sequence of shuffled rounds → checkpoint. The last rounds used are remembered: a speed-up only. */
function createRounds(seed: number, nCheckpoints: number): (position: number) => number {
  let known: { round: number; order: Int32Array } = { round: -1, order: new Int32Array(0) };
  return position => {
    const round = Math.floor(position / nCheckpoints);
    if (known.round !== round) known = { round, order: shuffledOrder(seed, round, nCheckpoints) };
    return known.order[position % nCheckpoints]!;
  };
}

/** Fisher–Yates. */
function shuffledOrder(seed: number, round: number, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const uniform = new Float64Array(count);
  fillUniform(uniform, { seed, stream: streams.batches, step: round, item: 0 });
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform[i]! * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** `count` different rows below `nRows`: the first `count` places of a Fisher–Yates shuffle, without the other places. */
function chooseRows(seed: number, step: number, count: number, nRows: number): Int32Array {
  const uniform = new Float64Array(count);
  fillUniform(uniform, { seed, stream: streams.diffusionRows, step, item: 0 });
  const moved = new Map<number, number>(); // place → row that was swapped into it
  const rows = Int32Array.from(uniform, (u, i) => {
    const j = i + Math.floor(u * (nRows - i));
    const row = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return row;
  });
  return rows.sort();
}
