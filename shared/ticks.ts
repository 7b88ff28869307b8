// Round numbers for the axis of a chart.

/** About `count` round numbers inside [low, high]: 1, 2 or 5 times a power of ten apart; `low` alone where there is no range. */
export function roundTicks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  // A hair below the wanted distance is near enough, else rounding decides.
  const step = ([1, 2, 5].find(factor => factor * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
