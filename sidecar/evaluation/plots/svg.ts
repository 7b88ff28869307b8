// Small pure helpers for inline SVG: numbers, linear scales and axes. Text in, text out; no scripts, no styles
// from outside, colours by CSS class so that the page decides on dark or light.
import { escapeMarkup } from '../../../shared/markup';

/** A coordinate with at most two decimals. */
export const coordinate = (value: number): string => String(Math.round(value * 100) / 100);

/** Maps [low, high] to [start, end]; the middle where low equals high. */
export type Scale = (value: number) => number;

export function linearScale(low: number, high: number, start: number, end: number): Scale {
  if (high === low) return () => (start + end) / 2;
  return value => start + ((value - low) / (high - low)) * (end - start);
}

/** The range of the finite values, widened by a share of itself; [0, 1] where there are none. */
export function paddedRange(values: readonly number[], share = 0.05): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values)
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  if (low > high) return [0, 1];
  const pad = high > low ? (high - low) * share : Math.abs(low) * share || 0.5;
  return [low - pad, high + pad];
}

/** The inside of a plot, in SVG units. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A line of ticks and a title along the bottom. */
export function xAxis(area: PlotArea, values: readonly number[], scale: Scale, title: string): string {
  const marks = values.map(value => {
    const x = coordinate(scale(value));
    return (
      `<line class="grid" x1="${x}" x2="${x}" y1="${area.top}" y2="${area.bottom}"/>` +
      `<text x="${x}" y="${area.bottom + 16}" text-anchor="middle">${tickLabel(value)}</text>`
    );
  });
  const middle = coordinate((area.left + area.right) / 2);
  return `${marks.join('')}<text class="title" x="${middle}" y="${area.bottom + 34}" text-anchor="middle">${escapeMarkup(title)}</text>`;
}

/** A line of ticks and a title along the left side. */
export function yAxis(area: PlotArea, values: readonly number[], scale: Scale, title: string): string {
  const marks = values.map(value => {
    const y = coordinate(scale(value));
    return (
      `<line class="grid" x1="${area.left}" x2="${area.right}" y1="${y}" y2="${y}"/>` +
      `<text x="${area.left - 6}" y="${y}" dy="0.32em" text-anchor="end">${tickLabel(value)}</text>`
    );
  });
  const middle = (area.top + area.bottom) / 2;
  return `${marks.join('')}<text class="title" transform="translate(14 ${coordinate(middle)}) rotate(-90)" text-anchor="middle">${escapeMarkup(title)}</text>`;
}

const tickLabel = (value: number): string =>
  value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(6)));

/** A whole picture; `label` is what a screen reader says. */
export function svg(width: number, height: number, label: string, content: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(label)}">${content}</svg>`;
}
