// Distribution of one tensor's weights: the originals' as filled bars, the generated networks' as an outline over them.
import type { LayerHistogram } from '../../protocol/evaluation';
import { percent, significant } from '../../shared/words';
import { axes, linearScale, type Frame } from './axis';
import { svg } from './svg';
import type { Drawing } from './svgChart';
import type { Palette } from './theme';

const heightPx = 200;

/** Edges of a bin. */
export const binEdges = (histogram: { low: number; high: number }, index: number, nBins: number): [number, number] => {
  const width = (histogram.high - histogram.low) / nBins;
  return [histogram.low + index * width, histogram.low + (index + 1) * width];
};

export function drawLayerHistogram(histogram: LayerHistogram, widthPx: number, palette: Palette): Drawing {
  const { originals, generated } = histogram;
  const nBins = originals.length;
  const frame: Frame = { left: 58, right: widthPx - 12, top: 26, bottom: heightPx - 42 };
  const x = linearScale([histogram.low, histogram.high], [frame.left, frame.right], {
    nTicks: Math.max(2, widthPx / 110),
    room: 0,
  });
  const y = linearScale([0, ...originals, ...generated], [frame.bottom, frame.top], { nTicks: 4, room: 0 });
  const edges = (index: number): [number, number] => {
    const [low, high] = binEdges(histogram, index, nBins);
    return [x.at(low), x.at(high)];
  };
  const bars = originals.map((share, index) => {
    const [left, right] = edges(index);
    const top = y.at(share);
    return svg('rect', {
      x: left,
      y: top,
      width: Math.max(0.5, right - left - 0.5),
      height: frame.bottom - top,
      fill: palette.originals,
      'fill-opacity': 0.55,
    });
  });
  const outline = generated
    .map((share, index) => {
      const [left, right] = edges(index);
      return `${index === 0 ? `M${left.toFixed(2)} ${frame.bottom}` : ''}V${y.at(share).toFixed(2)}H${right.toFixed(2)}`;
    })
    .join('');
  return {
    node: svg(
      'svg',
      { width: widthPx, height: heightPx, viewBox: `0 0 ${widthPx} ${heightPx}` },
      axes(
        frame,
        { scale: x, title: 'Weight', format: significant },
        { scale: y, title: 'Share (%)', format: share => significant(100 * share) },
        palette,
      ),
      ...bars,
      svg('path', { d: `${outline}V${frame.bottom}`, fill: 'none', stroke: palette.generated, 'stroke-width': 2 }),
      svg('rect', { x: frame.left, y: 6, width: 12, height: 10, fill: palette.originals, 'fill-opacity': 0.55 }),
      svg('text', { x: frame.left + 17, y: 15, fill: palette.foreground, 'font-size': 11 }, 'Originals'),
      svg('path', {
        d: `M${frame.left + 78} 16V8H${frame.left + 90}V16`,
        fill: 'none',
        stroke: palette.generated,
        'stroke-width': 2,
      }),
      svg('text', { x: frame.left + 96, y: 15, fill: palette.foreground, 'font-size': 11 }, 'Generated'),
    ),
    marks: originals.map((share, index) => {
      const [left, right] = edges(index);
      const [low, high] = binEdges(histogram, index, nBins);
      const other = generated[index] ?? 0;
      return {
        x: (left + right) / 2,
        y: y.at(Math.max(share, other)),
        text: `${significant(low)} to ${significant(high)}: originals ${percent(share)}, generated ${percent(other)}`,
      };
    }),
  };
}
