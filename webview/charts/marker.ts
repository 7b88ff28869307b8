// Marks that tell groups apart by shape as well as by colour: originals are filled discs, generated networks filled triangles,
// every baseline another hollow shape.
import type { NetworkGroup } from '../../protocol/evaluation';
import { svg, type SvgNode } from './svg';
import type { Palette } from './theme';

/** Hollow shapes around (0, 0), in the order the baselines are listed. */
const hollowShapes = [
  'M-4 -4H4V4H-4Z',
  'M0 -5L5 0L0 5L-5 0Z',
  'M-5 4L0 -5L5 4Z',
  'M-5 -4L0 5L5 -4Z',
  'M-4 -4L4 4M-4 4L4 -4',
  'M0 -5V5M-5 0H5',
  'M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0',
  'M-5 -5V5M0 -5V5M5 -5V5',
  'M-5 -4H5M-5 0H5M-5 4H5',
];

/** The mark of a group's networks. `baselines`: the names of all baseline groups, in order. */
export function marker(
  group: NetworkGroup,
  baselines: readonly NetworkGroup[],
  at: { readonly x: number; readonly y: number },
  palette: Palette,
): SvgNode {
  const transform = `translate(${at.x.toFixed(2)} ${at.y.toFixed(2)})`;
  const edge = { stroke: palette.background, 'stroke-width': 0.75 };
  if (group === 'originals') return svg('circle', { transform, r: 4.2, fill: palette.originals, ...edge });
  if (group === 'generated')
    return svg('path', { transform, d: 'M-5 4.3L0 -5L5 4.3Z', fill: palette.generated, ...edge });
  const shape = hollowShapes[Math.max(0, baselines.indexOf(group)) % hollowShapes.length]!;
  return svg('path', { transform, d: shape, fill: 'none', stroke: palette.baselines, 'stroke-width': 1.4 });
}
