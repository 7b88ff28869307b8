// Which points of a long curve to draw: of every block of points the lowest and the highest, so that no spike is lost and a
// frame costs what its pixels cost, not what the run's length costs. Blocks are powers of two aligned to the start of the series:
// a point that is appended touches one block a level, and blocks drawn once do not flicker when more arrive.
import { GrowingArray } from './growingArray';

const smallestBlock = 8;

export class Envelope {
  /** levels[l]: of every whole block of 8·2^l points the index of its minimum and of its maximum, one after the other; −1: none. */
  readonly #levels: GrowingArray<Int32Array>[] = [];
  readonly #values: GrowingArray<Float64Array>;

  /** Of values that only grow at their end; NaN are left out. */
  constructor(values: GrowingArray<Float64Array>) {
    this.#values = values;
  }

  /** Takes in the values appended since the last call. */
  update(): void {
    let block = smallestBlock;
    for (let level = 0; ; level++, block *= 2) {
      const nBlocks = Math.floor(this.#values.length / block);
      if (nBlocks === 0) return;
      const extremes = (this.#levels[level] ??= new GrowingArray(Int32Array));
      for (let index = extremes.length / 2; index < nBlocks; index++) {
        const [low, high] =
          level === 0 ? this.#scan(index * block, (index + 1) * block) : this.#combine(level - 1, 2 * index);
        extremes.push(low);
        extremes.push(high);
      }
    }
  }

  clear(): void {
    this.#levels.length = 0;
  }

  /**
   * Indices to draw of [from, to), ascending, at most about `maxPoints`: all of them where they are few.
   * The first and the last point are always among them.
   */
  select(from: number, to: number, maxPoints: number): Int32Array {
    if (to - from <= maxPoints) return Int32Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
    let level = 0;
    let block = smallestBlock;
    while ((2 * (to - from)) / block > maxPoints) {
      level++;
      block *= 2;
    }
    const chosen: number[] = [from];
    const add = (index: number): void => {
      if (index > chosen.at(-1)!) chosen.push(index);
    };
    const whole = this.#levels[level];
    const extremes = whole?.items;
    for (let start = from - (from % block); start < to; start += block) {
      const isWhole =
        start >= from && start + block <= to && extremes !== undefined && 2 * (start / block) < (whole?.length ?? 0);
      const [low, high] = isWhole
        ? ([extremes[2 * (start / block)]!, extremes[2 * (start / block) + 1]!] as const)
        : this.#scan(Math.max(start, from), Math.min(start + block, to));
      if (low < 0) continue;
      add(Math.min(low, high));
      add(Math.max(low, high));
    }
    add(to - 1);
    return Int32Array.from(chosen);
  }

  #combine(level: number, index: number): readonly [number, number] {
    const below = this.#levels[level]!;
    const [lowA, highA, lowB, highB] = [0, 1, 2, 3].map(at => below.at(2 * index + at)) as [
      number,
      number,
      number,
      number,
    ]; // the cast: four of four
    if (lowA < 0) return [lowB, highB];
    if (lowB < 0) return [lowA, highA];
    return [
      this.#values.at(lowB) < this.#values.at(lowA) ? lowB : lowA,
      this.#values.at(highB) > this.#values.at(highA) ? highB : highA,
    ];
  }

  #scan(from: number, to: number): readonly [number, number] {
    const { items } = this.#values;
    let low = -1;
    let high = -1;
    for (let index = from; index < to; index++) {
      const value = items[index]!;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < items[low]!) low = index;
      if (high < 0 || value > items[high]!) high = index;
    }
    return [low, high];
  }
}
