// The training curves as a drawing to export: the points the chart would choose, all steps, no interaction.
import { significant, whole } from '../format';
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

export function drawLines(traces: readonly Trace[], { title, widthPx, isLog }: LineDrawing, palette: Palette): SvgNode {
  const frame: Frame = { left: 70, right: widthPx - 12, top: 30, bottom: heightPx - 42 };
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
      { scale: x, title: 'Step', format: whole },
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
    ...curves.flatMap(({ line }, index) => [
      svg('line', { x1: frame.left + index * 150, x2: frame.left + index * 150 + 20, y1: 14, y2: 14, ...stroke(line) }),
      svg('text', { x: frame.left + index * 150 + 26, y: 18, 'font-size': 11, fill: palette.foreground }, line.label),
    ]),
  );
}

const stroke = (line: Line): Record<string, string | number> => ({
  stroke: line.color,
  'stroke-width': line.width,
  'stroke-dasharray': line.dash.length === 0 ? 'none' : line.dash.join(' '),
});
