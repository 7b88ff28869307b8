// Highest IoU with an original against accuracy, one mark a network. A good generated set lies low on the first axis and as high
// as the originals on the second; copies lie at 1.
import type { EvaluatedNetwork, EvaluationResult, NetworkGroup } from '../../protocol/evaluation';
import { percent } from '../../shared/words';
import { axes, linearScale, type Frame } from './axis';
import { marker } from './marker';
import { svg, type SvgNode } from './svg';
import type { Drawing } from './svgChart';
import type { Palette } from './theme';

const plotHeightPx = 260;
const legendRowPx = 18;
const averageCharacterPx = 6;

interface Point {
  readonly network: EvaluatedNetwork;
  readonly x: number;
  readonly y: number;
}

/** `beside`: the results of runs that are compared with this one, whose scatters then have the same axes. */
export function drawScatter(
  result: EvaluationResult,
  widthPx: number,
  palette: Palette,
  beside: readonly EvaluationResult[] = [],
): Drawing {
  const points = pointsOf(result);
  const all = [...points, ...beside.flatMap(pointsOf)];
  const titles = new Map(result.rows.map(row => [row.group, row.title]));
  const groups = [...titles.keys()].filter(group => points.some(point => point.network.group === group));
  const baselines = [...titles.keys()].filter(group => group !== 'originals' && group !== 'generated');
  const frame: Frame = { left: 58, right: widthPx - 12, top: 10, bottom: plotHeightPx - 42 };
  const x = linearScale(
    all.map(point => point.x),
    [frame.left, frame.right],
    { nTicks: Math.max(2, widthPx / 90) },
  );
  const y = linearScale(
    all.map(point => point.y),
    [frame.bottom, frame.top],
    { nTicks: 5 },
  );
  const digits = y.max - y.min < 0.05 ? 2 : 1;
  const legend = drawLegend(groups, titles, baselines, { top: plotHeightPx, widthPx }, palette);
  // Baselines first: what matters lies on top.
  const order = (group: NetworkGroup): number => (group === 'generated' ? 2 : group === 'originals' ? 1 : 0);
  const drawn = [...points].sort((a, b) => order(a.network.group) - order(b.network.group));
  return {
    node: svg(
      'svg',
      { width: widthPx, height: legend.bottom, viewBox: `0 0 ${widthPx} ${legend.bottom}` },
      axes(
        frame,
        { scale: x, title: 'Highest IoU with an original', format: value => value.toFixed(2) },
        { scale: y, title: 'Accuracy (%)', format: value => (100 * value).toFixed(digits) },
        palette,
      ),
      ...drawn.map(point => marker(point.network.group, baselines, { x: x.at(point.x), y: y.at(point.y) }, palette)),
      legend.node,
    ),
    marks: points.map(point => ({
      x: x.at(point.x),
      y: y.at(point.y),
      text: `${point.network.name} (${titles.get(point.network.group) ?? point.network.group}): accuracy ${percent(point.y)}, highest IoU ${point.x.toFixed(3)}`,
    })),
  };
}

const pointsOf = (result: EvaluationResult): Point[] =>
  result.networks.flatMap(network =>
    network.accuracy === null || network.maxIouWithOriginals === null
      ? []
      : [{ network, x: network.maxIouWithOriginals, y: network.accuracy }],
  );

function drawLegend(
  groups: readonly NetworkGroup[],
  titles: ReadonlyMap<NetworkGroup, string>,
  baselines: readonly NetworkGroup[],
  { top, widthPx }: { readonly top: number; readonly widthPx: number },
  palette: Palette,
): { readonly node: SvgNode; readonly bottom: number } {
  let x = 12;
  let row = 0;
  const entries = groups.map(group => {
    const title = titles.get(group) ?? group;
    const entryPx = 20 + title.length * averageCharacterPx + 12;
    if (x > 12 && x + entryPx > widthPx) {
      x = 12;
      row++;
    }
    const y = top + 8 + row * legendRowPx;
    const entry = svg(
      'g',
      {},
      marker(group, baselines, { x: x + 6, y }, palette),
      svg('text', { x: x + 16, y: y + 4, fill: palette.foreground, 'font-size': 11 }, title),
    );
    x += entryPx;
    return entry;
  });
  return { node: svg('g', {}, ...entries), bottom: top + (row + 1) * legendRowPx + 4 };
}
