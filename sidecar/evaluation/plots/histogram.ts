// Two distributions over the same bins, drawn as outlines above each other.
import { roundTicks } from '../../../shared/ticks';
import { coordinate, linearScale, svg, xAxis, type PlotArea } from './svg';

const width = 300;
const height = 170;
const area: PlotArea = { left: 10, top: 8, right: width - 10, bottom: height - 42 };

/** *Shapes* first, second (bins), shares of each set. The first is filled. */
export function histogramPair(
  first: readonly number[],
  second: readonly number[],
  options: { low: number; high: number; xTitle: string; label: string },
): string {
  const most = Math.max(...first, ...second, 1e-12);
  const x = linearScale(options.low, options.high, area.left, area.right);
  const y = linearScale(0, most, area.bottom, area.top);
  const binWidth = (area.right - area.left) / Math.max(1, first.length);
  const outline = (shares: readonly number[]): string => {
    const steps = shares.map(
      (share, bin) => `V${coordinate(y(share))}H${coordinate(area.left + (bin + 1) * binWidth)}`,
    );
    return `M${area.left} ${area.bottom}${steps.join('')}V${area.bottom}`;
  };
  return svg(
    width,
    height,
    options.label,
    xAxis(area, roundTicks(options.low, options.high, 4), x, options.xTitle) +
      `<path class="histogram first" d="${outline(first)}z"/><path class="histogram second" d="${outline(second)}"/>`,
  );
}
