// Accuracy of networks that were generated and tested beside the training, by the step of their snapshot: a line for every run.
import type { TrainingTestView } from '../../protocol/view';
import { formatCount, percent } from '../../shared/words';
import { axes, linearScale, type Frame } from './axis';
import { svg, type SvgNode } from './svg';
import type { Drawing } from './svgChart';
import type { Palette } from './theme';

const heightPx = 170;
const legendRowPx = 18;

export interface TestedRun {
  readonly id: string;
  readonly tests: readonly TrainingTestView[];
}

export function drawTrainingTests(runs: readonly TestedRun[], widthPx: number, palette: Palette): Drawing {
  const lines = runs.map(({ id, tests }) => ({
    id,
    points: tests.flatMap(({ step, accuracy }) => (accuracy === null ? [] : [{ step, accuracy }])),
  }));
  const points = lines.flatMap(line => line.points);
  const frame: Frame = { left: 58, right: widthPx - 12, top: 10, bottom: heightPx - 42 };
  const x = linearScale(
    points.map(point => point.step),
    [frame.left, frame.right],
    { nTicks: Math.max(2, widthPx / 120) },
  );
  const y = linearScale(
    points.map(point => point.accuracy),
    [frame.bottom, frame.top],
    { nTicks: 4 },
  );
  const digits = y.max - y.min < 0.05 ? 2 : 1;
  const color = (index: number): string => palette.curves[index % palette.curves.length]!;
  const hasLegend = runs.length > 1;
  const bottom = heightPx + (hasLegend ? runs.length * legendRowPx : 0);
  return {
    node: svg(
      'svg',
      { width: widthPx, height: bottom, viewBox: `0 0 ${widthPx} ${bottom}` },
      axes(
        frame,
        { scale: x, title: 'Step', format: step => (Number.isInteger(step) ? formatCount(step) : '') },
        { scale: y, title: 'Accuracy (%)', format: value => (100 * value).toFixed(digits) },
        palette,
      ),
      ...lines.flatMap(line => {
        const at = line.points.map(({ step, accuracy }) => ({ x: x.at(step), y: y.at(accuracy) }));
        const stroke = color(lines.indexOf(line));
        return [
          svg('polyline', {
            points: at.map(point => `${point.x.toFixed(2)},${point.y.toFixed(2)}`).join(' '),
            fill: 'none',
            stroke,
            'stroke-width': 1.5,
          }),
          ...at.map(point => svg('circle', { cx: point.x, cy: point.y, r: 3, fill: stroke })),
        ];
      }),
      ...(hasLegend ? lines.map((line, index) => legendEntry(line.id, index, color(index), palette)) : []),
    ),
    marks: lines.flatMap(({ id, points: own }) =>
      own.map(({ step, accuracy }) => ({
        x: x.at(step),
        y: y.at(accuracy),
        text: `${hasLegend ? `${id}, ` : ''}step ${formatCount(step)}: accuracy ${percent(accuracy)}`,
      })),
    ),
  };
}

function legendEntry(id: string, row: number, color: string, palette: Palette): SvgNode {
  const y = heightPx + 6 + row * legendRowPx;
  return svg(
    'g',
    {},
    svg('line', { x1: 12, x2: 32, y1: y, y2: y, stroke: color, 'stroke-width': 1.5 }),
    svg('text', { x: 38, y: y + 4, fill: palette.foreground, 'font-size': 11 }, id),
  );
}
