// The ids of runs, `0007-fashion`: what one looks like, and their order.

export const isRunId = (name: string): boolean => /^\d{4,}-/.test(name);

/** Oldest first: numbers count up, also past 9999. */
export function byRunNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : a > b ? 1 : 0);
}
