// Axes of the SVG charts: round tick values and a frame to draw in.
import { roundTicks } from '../../shared/ticks';
import type { Palette } from './theme';
import { svg, type SvgNode } from './svg';

export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  /** Value → pixel. */
  readonly at: (value: number) => number;
}

/** A linear scale over the values with some room, and about `nTicks` round ticks. */
export function linearScale(
  values: readonly number[],
  pixels: readonly [number, number],
  { nTicks, room = 0.06 }: { readonly nTicks: number; readonly room?: number },
): Scale {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) [min, max] = [0, 1];
  const spread = max - min || Math.abs(max) * 0.1 || 1;
  min -= room * spread;
  max += room * spread;
  return {
    min,
    max,
    ticks: roundTicks(min, max, nTicks),
    at: value => pixels[0] + ((value - min) / (max - min)) * (pixels[1] - pixels[0]),
  };
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Grid lines, tick labels and titles of both axes. */
export function axes(
  frame: Frame,
  x: { readonly scale: Scale; readonly title: string; readonly format: (value: number) => string },
  y: { readonly scale: Scale; readonly title: string; readonly format: (value: number) => string },
  palette: Palette,
): SvgNode {
  const line = (x1: number, y1: number, x2: number, y2: number): SvgNode =>
    svg('line', { x1, y1, x2, y2, stroke: palette.grid, 'stroke-width': 1 });
  const label = (content: string, at: { x: number; y: number }, anchor: string, attributes = {}): SvgNode =>
    svg('text', { ...at, fill: palette.foreground, 'font-size': 11, 'text-anchor': anchor, ...attributes }, content);
  const middleY = (frame.top + frame.bottom) / 2;
  return svg(
    'g',
    {},
    ...x.scale.ticks.flatMap(tick => [
      line(x.scale.at(tick), frame.top, x.scale.at(tick), frame.bottom),
      label(x.format(tick), { x: x.scale.at(tick), y: frame.bottom + 15 }, 'middle'),
    ]),
    ...y.scale.ticks.flatMap(tick => [
      line(frame.left, y.scale.at(tick), frame.right, y.scale.at(tick)),
      label(y.format(tick), { x: frame.left - 6, y: y.scale.at(tick) + 4 }, 'end'),
    ]),
    label(x.title, { x: (frame.left + frame.right) / 2, y: frame.bottom + 32 }, 'middle'),
    label(y.title, { x: 12, y: middleY }, 'middle', { transform: `rotate(-90 12 ${middleY.toString()})` }),
  );
}
