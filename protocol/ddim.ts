// How many steps DDIM takes: what both programs must know of it.

/** Where nobody says otherwise; the published number. */
export const usualDdimSteps = 60;

/** As many as a schedule of T steps has. *Units* T at least 2. */
export function mostDdimSteps(T: number, spacing: 'published' | 'even'): number {
  return spacing === 'published' ? Math.floor(T / 2) : T;
}
