// The IoU matrix on a canvas, one cell a pair of networks. The pointer and the arrow keys read cells; lines part originals from
// generated networks. The scale runs over the pairs of different networks, from the page's background to its foreground colour
// family, so that it reads in every theme; the diagonal is always 1 and left out.
import type { IouMatrix } from '../../protocol/evaluation';
import { element, setText } from '../dom';
import { rampColor } from './colorRamp';
import { svg, type SvgNode } from './svg';
import type { Palette } from './theme';

const largestCellPx = 16;
const largestMapPx = 640;
/** Room for the line under an exported map, which a small map is narrower than. */
const captionPx = 440;

export interface HeatMap {
  readonly element: HTMLElement;
  show(matrix: IouMatrix, palette: Palette): void;
}

export function createHeatMap(): HeatMap {
  const hint = 'Point at a cell, or use the arrow keys, to read a pair.';
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const marker = element('div', { class: 'heat-cursor', hidden: true });
  const readout = element('output', { class: 'readout' }, hint);
  const legend = element('div', { class: 'ramp' });
  const frame = element('div', {
    class: 'heat-map',
    tabindex: 0,
    role: 'slider',
    'aria-label': 'IoU of wrong predictions, every pair of networks. Arrow keys move from cell to cell.',
    'aria-valuemin': 0,
    keydown: event => onKey(event as KeyboardEvent), // the cast: a keydown listener gets nothing else
    pointermove: event => onPointer(event as PointerEvent), // likewise
    pointerleave: () => point(null),
  });
  frame.append(canvas, marker);
  let matrix: IouMatrix | null = null;
  let palette: Palette | null = null;
  let cellPx = 1;
  let current: readonly [number, number] | null = null;

  new ResizeObserver(() => draw()).observe(frame);

  function draw(): void {
    if (!matrix || !palette || frame.clientWidth === 0) return;
    const n = matrix.names.length;
    const sidePx = Math.min(frame.clientWidth, largestMapPx, n * largestCellPx);
    cellPx = sidePx / n;
    const ratio = window.devicePixelRatio;
    const size = Math.max(1, Math.round(sidePx * ratio));
    canvas.width = size;
    canvas.height = size;
    canvas.style.width = canvas.style.height = `${sidePx}px`;
    const context = canvas.getContext('2d')!;
    const { low, high } = valueRange(matrix);
    const edge = (index: number): number => Math.round((index * size) / n);
    matrix.values.forEach((row, i) =>
      row.forEach((value, j) => {
        context.fillStyle = i === j ? palette!.faint : rampColor((value - low) / (high - low), palette!);
        context.fillRect(edge(j), edge(i), edge(j + 1) - edge(j), edge(i + 1) - edge(i));
      }),
    );
    if (matrix.originals > 0 && matrix.originals < n) {
      context.fillStyle = palette.generated;
      const at = edge(matrix.originals);
      const thickness = Math.max(1, Math.round(2 * ratio));
      context.fillRect(0, at - thickness / 2, size, thickness);
      context.fillRect(at - thickness / 2, 0, thickness, size);
    }
    frame.setAttribute('aria-valuemax', String(n * n - 1));
    showLegend(low, high, palette);
    point(current);
  }

  function showLegend(low: number, high: number, colors: Palette): void {
    const ramp = element('canvas', { class: 'ramp-scale', width: 120, height: 10, 'aria-hidden': 'true' });
    const context = ramp.getContext('2d')!;
    for (let x = 0; x < 120; x++) {
      context.fillStyle = rampColor(x / 119, colors);
      context.fillRect(x, 0, 1, 10);
    }
    legend.replaceChildren(`IoU ${low.toFixed(2)} `, ramp, ` ${high.toFixed(2)}`);
  }

  function point(cell: readonly [number, number] | null): void {
    current = matrix && cell && cell[0] < matrix.names.length && cell[1] < matrix.names.length ? cell : null;
    marker.hidden = current === null;
    if (current) {
      const [row, column] = current;
      Object.assign(marker.style, {
        left: `${column * cellPx}px`,
        top: `${row * cellPx}px`,
        width: `${cellPx}px`,
        height: `${cellPx}px`,
      });
    }
    const text = matrix && current ? describeCell(matrix, current) : hint;
    setText(readout, text);
    frame.setAttribute('aria-valuenow', String(matrix && current ? current[0] * matrix.names.length + current[1] : 0));
    frame.setAttribute('aria-valuetext', text);
  }

  function onPointer(event: PointerEvent): void {
    if (!matrix) return;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / cellPx);
    const row = Math.floor((event.clientY - box.top) / cellPx);
    const n = matrix.names.length;
    point(row >= 0 && column >= 0 && row < n && column < n ? [row, column] : null);
  }

  function onKey(event: KeyboardEvent): void {
    if (!matrix || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = matrix.names.length - 1;
    const [row, column] = current ?? [0, -1];
    const targets: Readonly<Record<string, readonly [number, number]>> = {
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      ArrowDown: [row + 1, Math.max(0, column)],
      ArrowUp: [row - 1, Math.max(0, column)],
      Home: [row, 0],
      End: [row, last],
      PageUp: [0, Math.max(0, column)],
      PageDown: [last, Math.max(0, column)],
    };
    if (event.key === 'Escape') point(null);
    const target = targets[event.key];
    if (!target) return;
    event.preventDefault();
    const clamp = (index: number): number => Math.min(last, Math.max(0, index));
    point([clamp(target[0]), clamp(target[1])]);
  }

  return {
    element: element('div', { class: 'chart' }, legend, frame, readout),
    show: (nextMatrix, nextPalette) => {
      matrix = nextMatrix;
      palette = nextPalette;
      draw();
    },
  };
}

/** The map as an SVG file's drawing. */
export function heatMapSvg(matrix: IouMatrix, palette: Palette): SvgNode {
  const n = matrix.names.length;
  const cell = Math.max(2, Math.min(largestCellPx, Math.floor(largestMapPx / n)));
  const { low, high } = valueRange(matrix);
  const cells = matrix.values.flatMap((row, i) =>
    row.map((value, j) =>
      svg(
        'rect',
        {
          x: j * cell,
          y: i * cell,
          width: cell,
          height: cell,
          fill: i === j ? palette.faint : rampColor((value - low) / (high - low), palette),
        },
        svg('title', {}, describeCell(matrix, [i, j])),
      ),
    ),
  );
  const size = n * cell;
  const width = Math.max(size, captionPx);
  const title = `IoU of wrong predictions, ${low.toFixed(2)} to ${high.toFixed(2)}; the first ${matrix.originals} are originals`;
  return svg(
    'svg',
    { width, height: size + 20, viewBox: `0 0 ${width} ${size + 20}`, 'shape-rendering': 'crispEdges' },
    ...cells,
    svg('text', { x: 0, y: size + 15, 'font-size': 11, fill: palette.foreground }, title),
  );
}

function valueRange(matrix: IouMatrix): { low: number; high: number } {
  let low = 1;
  let high = 0;
  matrix.values.forEach((row, i) =>
    row.forEach((value, j) => {
      if (i === j) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }),
  );
  return low < high ? { low, high } : { low: 0, high: 1 };
}

function describeCell(matrix: IouMatrix, [row, column]: readonly [number, number]): string {
  const name = (index: number): string =>
    `${matrix.names[index] ?? ''} (${index < matrix.originals ? 'original' : 'generated'})`;
  return `${name(row)} × ${name(column)}: IoU ${(matrix.values[row]?.[column] ?? NaN).toFixed(3)}`;
}
