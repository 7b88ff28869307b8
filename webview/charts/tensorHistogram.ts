// Distribution of the finite values of one tensor of a checkpoint, as bars and as a table.
import type { TensorSummary } from '../../protocol/checkpoints';
import { formatCount, plural, significant } from '../../shared/words';
import type { TableModel } from '../../shared/table';
import { axes, linearScale, type Frame } from './axis';
import { binEdges } from './histogram';
import { svg } from './svg';
import type { Drawing } from './svgChart';
import type { Palette } from './theme';

const heightPx = 200;

export function drawTensorHistogram(summary: TensorSummary, widthPx: number, palette: Palette): Drawing {
  const counts = summary.histogram;
  const frame: Frame = { left: 64, right: widthPx - 12, top: 10, bottom: heightPx - 42 };
  const x = linearScale([summary.min, summary.max], [frame.left, frame.right], {
    nTicks: Math.max(2, widthPx / 110),
    room: 0,
  });
  const y = linearScale([0, ...counts], [frame.bottom, frame.top], { nTicks: 4, room: 0 });
  const bins = counts.map((count, index) => {
    const [low, high] = edges(summary, index);
    return { count, low, high, left: x.at(low), right: x.at(high), top: y.at(count) };
  });
  return {
    node: svg(
      'svg',
      { width: widthPx, height: heightPx, viewBox: `0 0 ${widthPx} ${heightPx}` },
      axes(
        frame,
        { scale: x, title: 'Value', format: significant },
        { scale: y, title: 'Count', format: significant },
        palette,
      ),
      ...bins.map(({ left, right, top }) =>
        svg('rect', {
          x: left,
          y: top,
          width: Math.max(0.5, right - left - 0.5),
          height: frame.bottom - top,
          fill: palette.originals,
        }),
      ),
    ),
    marks: bins.map(({ count, low, high, left, right, top }) => ({
      x: (left + right) / 2,
      y: top,
      text: `${significant(low)} to ${significant(high)}: ${plural(count, 'value')}`,
    })),
  };
}

export const tensorHistogramTable = (name: string, summary: TensorSummary): TableModel => ({
  id: 'tensor-histogram',
  title: `Distribution of ${name}`,
  columns: [
    { title: 'From', format: significant },
    { title: 'To', format: significant },
    { title: 'Values', format: formatCount },
  ],
  rows: summary.histogram.map((count, index) => [...edges(summary, index), count]),
});

const edges = (summary: TensorSummary, index: number): [number, number] =>
  binEdges({ low: summary.min, high: summary.max }, index, summary.histogram.length);
