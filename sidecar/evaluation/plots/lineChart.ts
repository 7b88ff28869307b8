// A line over a number, such as the loss over training steps; the y axis may be logarithmic.
import { roundTicks } from '../../../shared/ticks';
import { coordinate, linearScale, paddedRange, svg, xAxis, yAxis, type PlotArea } from './svg';

/** One point. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
}

const width = 640;
const height = 300;
const area: PlotArea = { left: 64, top: 12, right: width - 12, bottom: height - 44 };

/** Points that are not finite (or not positive on a logarithmic axis) leave a gap in the line. */
export function lineChart(
  points: readonly LinePoint[],
  options: { xTitle: string; yTitle: string; label: string; logarithmic?: boolean },
): string {
  const transform = (y: number): number => (options.logarithmic ? Math.log10(y) : y);
  const xs = points.map(point => point.x).filter(x => Number.isFinite(x));
  const [xLow, xHigh] = paddedRange(xs, 0);
  const [yLow, yHigh] = paddedRange(points.map(point => transform(point.y)));
  const x = linearScale(xLow, xHigh, area.left, area.right);
  const y = linearScale(yLow, yHigh, area.bottom, area.top);

  const yTicks = options.logarithmic ? logarithmicTicks(yLow, yHigh) : roundTicks(yLow, yHigh);
  let path = '';
  let isDown = false;
  for (const point of points) {
    const at = transform(point.y);
    if (!Number.isFinite(point.x) || !Number.isFinite(at)) {
      isDown = false;
      continue;
    }
    path += `${isDown ? 'L' : 'M'}${coordinate(x(point.x))} ${coordinate(y(at))}`;
    isDown = true;
  }
  return svg(
    width,
    height,
    options.label,
    xAxis(area, roundTicks(xLow, xHigh), x, options.xTitle) +
      yAxis(area, yTicks, value => y(transform(value)), options.yTitle) +
      `<path class="line" d="${path}"/>`,
  );
}

/** 1, 2 and 5 times every power of ten inside [10^low, 10^high]; powers alone where that is too many. */
function logarithmicTicks(low: number, high: number): number[] {
  const factors = high - low > 2 ? [1] : [1, 2, 5];
  const values: number[] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (Math.log10(value) >= low && Math.log10(value) <= high) values.push(Number(value.toPrecision(3)));
    }
  return values;
}
