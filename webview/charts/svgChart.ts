// An SVG drawing whose marks can be read one by one: with the pointer, which finds the nearest, and with the arrow keys. What a
// mark says stands below the chart and is spoken.
import { element, setText } from '../dom';
import { svgElement, type SvgNode } from './svg';

export interface Drawing {
  readonly node: SvgNode;
  /** In reading order. */
  readonly marks: readonly Mark[];
}

/** A place of a drawing, and what is there in words. */
interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface SvgChart {
  readonly element: HTMLElement;
  /** Draws, and draws again when the width changes. */
  show(draw: (widthPx: number) => Drawing): void;
}

/** Farther away than this the pointer reads nothing. */
const reachPx = 24;

export function createSvgChart({ label, hint }: { readonly label: string; readonly hint: string }): SvgChart {
  const readout = element('output', { class: 'readout' }, hint);
  const frame = element('div', {
    class: 'svg-chart',
    tabindex: 0,
    role: 'slider',
    'aria-label': `${label}. Arrow keys read the marks.`,
    'aria-valuemin': 0,
    keydown: event => onKey(event as KeyboardEvent), // the cast: a keydown listener gets nothing else
    pointermove: event => onPointer(event as PointerEvent), // likewise
    pointerleave: () => point(null),
  });
  const ring = svgElement({ tag: 'circle', attributes: { r: 8, fill: 'none', class: 'ring' }, children: [] });
  let draw: ((widthPx: number) => Drawing) | null = null;
  let marks: readonly Mark[] = [];
  let current: number | null = null;
  let widthPx = 0;

  new ResizeObserver(() => {
    const width = Math.floor(frame.clientWidth);
    if (width === 0 || width === widthPx) return;
    widthPx = width;
    redraw();
  }).observe(frame);

  function redraw(): void {
    if (!draw || widthPx === 0) return;
    const drawing = draw(widthPx);
    marks = drawing.marks;
    const picture = svgElement(drawing.node);
    picture.setAttribute('aria-hidden', 'true');
    picture.append(ring);
    frame.replaceChildren(picture);
    frame.setAttribute('aria-valuemax', String(Math.max(0, marks.length - 1)));
    point(current !== null && current < marks.length ? current : null);
  }

  function point(index: number | null): void {
    current = index;
    const mark = index === null ? undefined : marks[index];
    ring.setAttribute('visibility', mark ? 'visible' : 'hidden');
    if (mark) {
      ring.setAttribute('cx', String(mark.x));
      ring.setAttribute('cy', String(mark.y));
    }
    setText(readout, mark?.text ?? hint);
    frame.setAttribute('aria-valuenow', String(index ?? 0));
    frame.setAttribute('aria-valuetext', mark?.text ?? hint);
  }

  function onPointer(event: PointerEvent): void {
    const box = frame.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top;
    let nearest: number | null = null;
    let least = reachPx ** 2;
    marks.forEach((mark, index) => {
      const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
      if (distance < least) [nearest, least] = [index, distance];
    });
    if (nearest !== current) point(nearest);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || marks.length === 0) return;
    const at = current ?? -1;
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: marks.length - 1,
    };
    const target = targets[event.key];
    if (event.key === 'Escape') point(null);
    if (target === undefined) return;
    event.preventDefault();
    point(Math.min(marks.length - 1, Math.max(0, target)));
  }

  return {
    element: element('div', { class: 'chart' }, frame, readout),
    show: next => {
      draw = next;
      redraw();
    },
  };
}
