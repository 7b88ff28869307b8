// What a trivial baseline is: networks made from the same checkpoints without learning anything. A generated set is only
// interesting where it beats them all. Each baseline is a lazy weight source: a tensor is made when it is read, always the
// same for the same seed, network and tensor.
import type { Structure } from '../../tokenizer/structure';
import { seededRandom, type Random } from '../../util/seededRandom';
import type { WeightSource } from '../weightSource';

/** What baselines are made from. */
interface BaselineInput {
  readonly structure: Structure;
  readonly originals: readonly WeightSource[];
  readonly seed: number;
}

/** One baseline: one line in registry.ts. */
export interface Baseline {
  /** Short and stable: `noise 0.03`. */
  readonly name: string;
  /** What it does, for the table. */
  readonly title: string;
  /** Fewest originals it can work with. */
  readonly minOriginals: number;
  /** Different networks it can make; absent: any number. */
  readonly distinct?: number;
  /** The `which`-th network of this baseline. */
  readonly make: (input: BaselineInput, which: number) => WeightSource;
}

/** The stream that decides which originals network `which` is made of. */
export function choiceRandom(baseline: string, seed: number, which: number): Random {
  return seededRandom(seed, hash(`${baseline}/${which}`));
}

/** The stream of one tensor's noise. */
export function tensorRandom(baseline: string, seed: number, which: number, index: number): Random {
  return seededRandom(seed, hash(`${baseline}/${which}/${index}`));
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
