// The training curves as a drawing to export: the points the chart would choose, all steps, no interaction.
import { formatCount, significant } from '../../shared/words';
import { axes, linearScale, type Frame } from './axis';
import type { Line, Trace } from './lineChart';
import { svg, type SvgNode } from './svg';
import type { Palette } from './theme';

export interface LineDrawing {
  readonly title: string;
  readonly widthPx: number;
  readonly isLog: boolean;
}

const heightPx = 400;
const legendRowPx = 18;
/** Of the legend's text, generously: an entry must not run into the next. */
const averageCharacterPx = 6.6;

export function drawLines(traces: readonly Trace[], { title, widthPx, isLog }: LineDrawing, palette: Palette): SvgNode {
  const lines = traces.flatMap(trace => trace.lines);
  const entryPx = 42 + averageCharacterPx * Math.max(0, ...lines.map(({ label }) => label.length));
  const [left, right] = [70, widthPx - 24];
  const perRow = Math.max(1, Math.floor((right - left) / entryPx));
  const top = 12 + legendRowPx * Math.ceil(lines.length / perRow);
  const frame: Frame = { left, right, top, bottom: heightPx - 42 };
  const transform = (value: number): number => (isLog ? (value > 0 ? Math.log10(value) : NaN) : value);
  const curves = traces.flatMap(trace => {
    const indices = [...trace.envelope.select(0, trace.series.length, 2 * widthPx)];
    return trace.lines.map(line => ({
      line,
      points: indices
        .map(index => [trace.series.steps.at(index), transform(line.values.at(index))] as const)
        .filter(([, value]) => !Number.isNaN(value)),
    }));
  });
  const points = curves.flatMap(curve => curve.points);
  const x = linearScale(
    points.map(point => point[0]),
    [frame.left, frame.right],
    { nTicks: 8, room: 0 },
  );
  const y = linearScale(
    points.map(point => point[1]),
    [frame.bottom, frame.top],
    { nTicks: 6 },
  );
  return svg(
    'svg',
    { width: widthPx, height: heightPx, viewBox: `0 0 ${widthPx} ${heightPx}` },
    axes(
      frame,
      { scale: x, title: 'Step', format: formatCount },
      { scale: y, title, format: value => significant(isLog ? 10 ** value : value) },
      palette,
    ),
    ...curves.map(({ line, points: own }) =>
      svg('polyline', {
        points: own.map(([step, value]) => `${x.at(step).toFixed(2)},${y.at(value).toFixed(2)}`).join(' '),
        fill: 'none',
        ...stroke(line),
      }),
    ),
    ...lines.flatMap((line, index) => {
      const x1 = left + (index % perRow) * entryPx;
      const y1 = 14 + Math.floor(index / perRow) * legendRowPx;
      return [
        svg('line', { x1, x2: x1 + 20, y1, y2: y1, ...stroke(line) }),
        svg('text', { x: x1 + 26, y: y1 + 4, 'font-size': 11, fill: palette.foreground }, line.label),
      ];
    }),
  );
}

const stroke = (line: Line): Record<string, string | number> => ({
  stroke: line.color,
  'stroke-width': line.width,
  'stroke-dasharray': line.dash.length === 0 ? 'none' : line.dash.join(' '),
});
