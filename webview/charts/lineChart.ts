// Curves over training steps, drawn by uPlot from at most two points a pixel (see envelope.ts). Dragging, `+` and `−` zoom,
// `0` shows everything again; the arrow keys move the cursor, whose values stand below the chart and are spoken.
import uPlot from 'uplot';
import { element, setText } from '../dom';
import { formatCount, significant } from '../../shared/words';
import type { Envelope } from './envelope';
import type { GrowingArray } from './growingArray';
import type { Series } from './series';
import { svg, svgElement } from './svg';
import type { Palette } from './theme';

/** Lines of one run, over its steps. */
export interface Trace {
  readonly series: Series;
  /** Chooses the points drawn. */
  readonly envelope: Envelope;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly label: string;
  readonly values: GrowingArray<Float64Array>;
  readonly color: string;
  readonly width: number;
  readonly dash: readonly number[];
}

export interface LineChartOptions {
  readonly label: string;
  readonly heightPx: number;
}

/** What a chart shows; a new one replaces the drawing. */
interface LineChartContent {
  readonly traces: readonly Trace[];
  readonly isLog: boolean;
  readonly palette: Palette;
}

export interface LineChart {
  readonly element: HTMLElement;
  show(content: LineChartContent): void;
  /** Draws the points that came since. */
  draw(): void;
  /** Ends a zoom. */
  showAll(): void;
}

export function createLineChart({ label, heightPx }: LineChartOptions): LineChart {
  const readout = element('output', { class: 'readout' });
  const legend = element('ul', { class: 'legend' });
  const canvasHost = element('div', {
    class: 'line-chart',
    tabindex: 0,
    role: 'slider',
    'aria-label': `${label}. Arrow keys read values, plus and minus zoom, zero shows all steps.`,
    'aria-orientation': 'horizontal',
    keydown: event => onKey(event as KeyboardEvent), // the cast: a keydown listener gets nothing else
  });
  let content: LineChartContent | null = null;
  let plot: uPlot | null = null;
  let zoom: readonly [number, number] | null = null;
  /** Step under the cursor; null before it was moved. */
  let cursorStep: number | null = null;
  let widthPx = 0;

  new ResizeObserver(() => {
    const width = Math.floor(canvasHost.clientWidth);
    if (width === 0 || width === widthPx) return;
    widthPx = width;
    if (plot) {
      plot.setSize({ width, height: heightPx });
      draw();
    } else build();
  }).observe(canvasHost);

  function allSteps(): readonly [number, number] {
    let first = Infinity;
    let last = -Infinity;
    for (const { series } of content?.traces ?? []) {
      if (series.length === 0) continue;
      first = Math.min(first, series.steps.at(0));
      last = Math.max(last, series.steps.at(series.length - 1));
    }
    return first <= last ? [first, last === first ? first + 1 : last] : [0, 1];
  }
  const visibleSteps = (): readonly [number, number] => zoom ?? allSteps();

  function build(): void {
    plot?.destroy();
    plot = null;
    if (!content || widthPx === 0) return;
    const options = plotOptions(content, { width: widthPx, height: heightPx }, visibleSteps, {
      zoomTo: range => zoomTo(range),
      pointAt: step => pointAt(step),
    });
    plot = new uPlot(options, plotData(content.traces, visibleSteps(), widthPx), canvasHost);
    plot.over.addEventListener('dblclick', () => zoomTo(null));
  }

  function draw(): void {
    if (!content) return;
    // Not through hooks: setData would call them for every frame.
    plot?.setData(plotData(content.traces, visibleSteps(), widthPx), true);
    const [first, last] = allSteps();
    canvasHost.setAttribute('aria-valuemin', String(first));
    canvasHost.setAttribute('aria-valuemax', String(last));
    if (cursorStep === null) pointAt(null);
  }

  function zoomTo(range: readonly [number, number] | null): void {
    const [first, last] = allSteps();
    const [from, to] = range ? [Math.max(first, range[0]), Math.min(last, range[1])] : [first, last];
    zoom = range === null || (from <= first && to >= last) ? null : [from, Math.max(to, from + 2)];
    draw();
  }

  /** Reads the values out; `null`: the newest ones. */
  function pointAt(step: number | null): void {
    if (!content) return;
    cursorStep = step;
    const shown = step ?? allSteps()[1];
    const text = describePoint(content.traces, shown);
    setText(readout, text);
    canvasHost.setAttribute('aria-valuenow', String(Math.round(shown)));
    canvasHost.setAttribute('aria-valuetext', text);
  }

  function moveTo(step: number): void {
    const [from, to] = visibleSteps();
    const target = Math.min(to, Math.max(from, Math.round(step)));
    pointAt(target);
    plot?.setCursor({ left: plot.valToPos(target, 'x'), top: plot.over.clientHeight / 2 }, false);
  }

  function onKey(event: KeyboardEvent): void {
    const [from, to] = visibleSteps();
    const at = cursorStep ?? to;
    const stride = Math.max(1, (to - from) / (event.shiftKey ? 10 : 100));
    const zoomBy = (factor: number): void =>
      zoomTo([Math.round(at - (at - from) * factor), Math.round(at + (to - at) * factor)]);
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => moveTo(at - stride),
      ArrowRight: () => moveTo(at + stride),
      PageDown: () => moveTo(at - (to - from) / 10),
      PageUp: () => moveTo(at + (to - from) / 10),
      Home: () => moveTo(from),
      End: () => moveTo(to),
      '+': () => zoomBy(0.5),
      '-': () => zoomBy(2),
      '0': () => zoomTo(null),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  }

  return {
    element: element('div', { class: 'chart' }, canvasHost, legend, readout),
    show: next => {
      // Steps of another run: what was zoomed into or read there says nothing about this one.
      if (next.traces[0]?.series !== content?.traces[0]?.series) zoom = cursorStep = null;
      content = next;
      const lines = next.traces.flatMap(trace => trace.lines);
      legend.hidden = lines.length < 2;
      legend.replaceChildren(...lines.map(line => element('li', {}, sample(line), line.label)));
      build();
      draw();
    },
    draw,
    showAll: () => zoomTo(null),
  };
}

/** A piece of the line, as it is drawn. */
const sample = ({ color, width, dash }: Line): SVGElement =>
  svgElement(
    svg(
      'svg',
      { width: 26, height: 8, 'aria-hidden': 'true' },
      svg('line', {
        x2: 26,
        y1: 4,
        y2: 4,
        stroke: color,
        'stroke-width': width,
        'stroke-dasharray': dash.length === 0 ? 'none' : dash.join(' '),
      }),
    ),
  );

// uPlot's names for these are an ambient const enum, which a program compiled file by file cannot read.
/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment */
const linear = 1 as uPlot.Scale.Distr;
const logarithmic = 3 as uPlot.Scale.Distr;
/* eslint-enable */

const plotTable = ({ series, envelope, lines }: Trace, [min, max]: readonly [number, number], maxPoints: number) => {
  // One point more at either side, so that lines leave the frame instead of ending in it.
  const from = Math.max(0, series.indexAt(min) - 1);
  const to = Math.min(series.length, series.indexAt(max) + 2);
  const indices = envelope.select(from, to, maxPoints);
  const column = ({ items }: GrowingArray<Float64Array>): (number | null)[] => {
    const values = new Array<number | null>(indices.length);
    for (let at = 0; at < indices.length; at++) {
      const value = items[indices[at]!]!;
      values[at] = Number.isNaN(value) ? null : value;
    }
    return values;
  };
  const x = column(series.steps);
  return [x, ...lines.map(line => column(line.values))] as uPlot.AlignedData; // the cast: as many as x, by construction
};

/** Runs have steps of their own, so tables of several are joined; undefined then means "no point here", and is drawn through. */
function plotData(traces: readonly Trace[], range: readonly [number, number], widthPx: number): uPlot.AlignedData {
  const tables = traces.map(trace => plotTable(trace, range, 2 * widthPx));
  return tables.length === 1 ? tables[0]! : tables.length === 0 ? [[]] : uPlot.join(tables);
}

interface PlotEvents {
  zoomTo(range: readonly [number, number]): void;
  pointAt(step: number | null): void;
}

function plotOptions(
  { traces, isLog, palette }: LineChartContent,
  size: { readonly width: number; readonly height: number },
  visibleSteps: () => readonly [number, number],
  events: PlotEvents,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: palette.foreground,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { stroke: palette.grid, width: 1, size: 4 },
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
  return {
    ...size,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
    scales: {
      x: { time: false, range: () => [...visibleSteps()] as [number, number] }, // the cast: two of two
      y: { distr: isLog ? logarithmic : linear, log: 10 },
    },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_plot, ticks) => ticks.map(tick => (Number.isInteger(tick) ? formatCount(tick) : '')),
      },
      {
        ...axis,
        size: 68, // room for 0.002999 and 1.234e-10
        space: 24,
        // On a log scale uPlot marks with null the ticks that would crowd.
        values: (_plot, ticks) => ticks.map(tick => ((tick as number | null) === null ? '' : significant(tick))),
      },
    ],
    series: [
      {},
      ...traces.flatMap(trace =>
        trace.lines.map(line => ({
          label: line.label,
          stroke: line.color,
          width: line.width,
          dash: [...line.dash],
          points: { show: false },
        })),
      ),
    ],
    hooks: {
      setSelect: [
        plot => {
          if (plot.select.width < 4) return;
          events.zoomTo([
            Math.round(plot.posToVal(plot.select.left, 'x')),
            Math.round(plot.posToVal(plot.select.left + plot.select.width, 'x')),
          ]);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [
        plot => {
          const left = plot.cursor.left ?? -1;
          events.pointAt(left < 0 ? null : Math.round(plot.posToVal(left, 'x')));
        },
      ],
    },
  };
}

/** At the newest step, if `step` lies behind it; a shorter run than others has no values where it has ended. */
function describePoint(traces: readonly Trace[], step: number): string {
  const lastStep = ({ series }: Trace): number =>
    series.length === 0 ? -Infinity : series.steps.at(series.length - 1);
  const at = Math.min(step, Math.max(...traces.map(lastStep)));
  const parts = traces.flatMap(trace => {
    const index = trace.series.indexAt(at);
    if (index < 0 || lastStep(trace) < at) return [];
    return trace.lines.map(line => `${line.label} ${significant(line.values.at(index))}`);
  });
  return parts.length === 0 ? 'No points yet' : `Step ${formatCount(Math.round(at))}: ${parts.join(', ')}`;
}
