// Scratch memory of a captured step, planned before it is taken: the step is walked once with nothing launched, which gives
// its highest use; then one block of that size is allocated and the walk repeated for real, with the same addresses.
// A stack: what a phase needs is released at its end and the next phase takes its place.

import type { OptimizerState } from '../../engine';
import { planTooLarge } from '../driver/cudaErrors';

/** One line of the printed plan. */
export interface PlanLine {
  readonly name: string;
  readonly bytes: number;
}

const alignment = 256;

/** Addresses in one block of memory. */
export class MemoryPlan {
  #top = 0;
  #peak = 0;
  #atPeak: PlanLine[] = [];
  readonly #stack: (PlanLine & { at: number })[] = [];

  constructor(
    /** 0n while planning: addresses then count from a number that is no null pointer. */
    private base: bigint,
    private readonly capacity = Infinity,
  ) {
    if (base === 0n) this.base = 1n << 40n;
  }

  /** Bytes of the highest moment so far. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** What was held at that moment, largest first. */
  get atPeak(): readonly PlanLine[] {
    return [...this.#atPeak].sort((a, b) => b.bytes - a.bytes);
  }

  take(name: string, bytes: number): bigint {
    const rounded = Math.ceil(bytes / alignment) * alignment;
    const at = this.#top;
    this.#top += rounded;
    this.#stack.push({ name, bytes: rounded, at });
    if (this.#top > this.capacity) throw new RangeError(`${name} does not fit the planned memory`);
    if (this.#top > this.#peak) {
      this.#peak = this.#top;
      this.#atPeak = this.#stack.map(({ name, bytes }) => ({ name, bytes }));
    }
    return this.base + BigInt(at);
  }

  /** Everything taken inside is free again afterwards, in stream order. */
  scope<R>(run: () => R): R {
    const depth = this.#stack.length;
    const top = this.#top;
    const result = run();
    this.#stack.length = depth;
    this.#top = top;
    return result;
  }

  /** Begins a new walk. */
  reset(): void {
    this.#top = 0;
    this.#stack.length = 0;
  }
}

/**
 * Nothing is taken yet. *Errors* user: the plan does not fit what is free, with its largest parts and the setting that helps most.
 */
export function checkPlan(
  device: string,
  lines: readonly PlanLine[],
  freeBytes: number,
  optimizerState: OptimizerState,
): void {
  const bytesOf = (wanted: (name: string) => boolean) =>
    lines.reduce((sum, { name, bytes }) => sum + (wanted(name) ? bytes : 0), 0);
  const total = bytesOf(() => true);
  if (total <= freeBytes) return;
  const state = bytesOf(name => stateNames.has(name));
  if (optimizerState === 'none') {
    const elsewhere = 'choose another card, or the portable engine';
    throw planTooLarge(device, total, freeBytes, describePlan(lines), elsewhere);
  }
  const remedies = [
    ...(optimizerState === 'float32' && state > total / 4 ? ['set training.optimizerState to uint8'] : []),
    ...(total - state > total / 4 ? ['lower training.batchSize or diffusion.diffusionBatch'] : []),
    'lower recurrent.dModel or tokens.dimPerToken',
  ];
  throw planTooLarge(device, total, freeBytes, describePlan(lines), remedies.join(', or '));
}

/** What a model keeps from step to step; see `layoutParameters`. */
export const stateNames = new Set(['weights', 'optimizer state', 'bfloat16 weights', 'gradients']);

/** `12.3 GiB: convolution outputs 2.5 GiB, …` */
export function describePlan(lines: readonly PlanLine[]): string {
  const sums = new Map<string, number>();
  for (const { name, bytes } of lines) sums.set(name, (sums.get(name) ?? 0) + bytes);
  const sorted = [...sums].sort((a, b) => b[1] - a[1]);
  const total = sorted.reduce((sum, [, bytes]) => sum + bytes, 0);
  const shown = sorted.slice(0, 8).map(([name, bytes]) => `${name} ${formatBytes(bytes)}`);
  const rest = sorted.slice(8).reduce((sum, [, bytes]) => sum + bytes, 0);
  return `${formatBytes(total)}: ${shown.join(', ')}${rest > 0 ? `, other ${formatBytes(rest)}` : ''}`;
}

export function formatBytes(bytes: number): string {
  if (bytes >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${Math.ceil(bytes / 1024)} KiB`;
}
