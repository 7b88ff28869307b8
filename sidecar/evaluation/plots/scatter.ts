// Points of several groups over two numbers, each group with its own colour and shape, and a legend beside them.
import { escapeMarkup } from '../../../shared/markup';
import { roundTicks } from '../../../shared/ticks';
import { coordinate, linearScale, paddedRange, svg, xAxis, yAxis, type PlotArea } from './svg';

/** One group of points. */
export interface ScatterGroup {
  readonly title: string;
  /** `title` is shown when the pointer rests on the point. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly title: string }[];
}

const width = 720;
const height = 380;
const area: PlotArea = { left: 64, top: 12, right: width - 220, bottom: height - 44 };

/** Groups beyond the tenth share colours but not the legend's text. */
export function scatter(
  groups: readonly ScatterGroup[],
  options: { xTitle: string; yTitle: string; label: string },
): string {
  const points = groups.flatMap(group => group.points);
  const [xLow, xHigh] = paddedRange(points.map(point => point.x));
  const [yLow, yHigh] = paddedRange(points.map(point => point.y));
  const x = linearScale(xLow, xHigh, area.left, area.right);
  const y = linearScale(yLow, yHigh, area.bottom, area.top);

  // Later groups are drawn first: originals and generated networks stay visible above the baselines.
  const drawn = groups.map((group, index) =>
    group.points
      .map(point => marker(index, x(point.x), y(point.y), `<title>${escapeMarkup(point.title)}</title>`))
      .join(''),
  );
  const legend = groups.map((group, index) => {
    const top = area.top + 12 + index * 22;
    return `${marker(index, area.right + 20, top, '')}<text x="${area.right + 34}" y="${top}" dy="0.32em">${escapeMarkup(group.title)}</text>`;
  });
  return svg(
    width,
    height,
    options.label,
    xAxis(area, roundTicks(xLow, xHigh), x, options.xTitle) +
      yAxis(area, roundTicks(yLow, yHigh), y, options.yTitle) +
      drawn.toReversed().join('') +
      legend.join(''),
  );
}

/** Circle, square, diamond, triangle in turn, so that colour is not the only difference. */
function marker(group: number, x: number, y: number, content: string): string {
  const color = `group${group % 10}`;
  const cx = coordinate(x);
  const cy = coordinate(y);
  switch (group % 4) {
    case 0:
      return `<circle class="${color}" cx="${cx}" cy="${cy}" r="4">${content}</circle>`;
    case 1:
      return `<path class="${color}" d="M${cx} ${coordinate(y - 5)}l5 5l-5 5l-5 -5z">${content}</path>`;
    case 2:
      return `<rect class="${color}" x="${coordinate(x - 3.5)}" y="${coordinate(y - 3.5)}" width="7" height="7">${content}</rect>`;
    default:
      return `<path class="${color}" d="M${cx} ${coordinate(y - 5)}l4.5 8h-9z">${content}</path>`;
  }
}
