// A table of any length of which only the rows in sight are elements: rows are as high as each other, and those that leave at one
// end of the window come back at the other. One row is current; the keyboard moves it, the pointer picks it.
import { element, uniqueId } from '../dom';
import type { Sort } from '../preferences';
import { cellText, compareCells, type Column, type TableModel } from '../../shared/table';

const rowHeightPx = 24;
/** Rows kept above and below the window, so that a fast scroll finds them drawn. */
const spareRows = 8;

export interface VirtualTableOptions {
  readonly label: string;
  readonly columns: readonly (Column & { readonly isNumber?: boolean })[];
  /** `row` is an index into the model's rows; null: nothing is shown. */
  readonly onCurrent: (row: number | null) => void;
  readonly onSort: (sort: Sort | null) => void;
}

export interface VirtualTable {
  readonly element: HTMLElement;
  /** Shows the rows of the model that `isShown` keeps; `current` is an index into the model's rows. */
  show(rows: TableModel['rows'], choice: VirtualTableChoice): void;
  /** Rows shown. */
  readonly length: number;
}

interface VirtualTableChoice {
  readonly isShown: (row: number) => boolean;
  readonly sort: Sort | null;
  readonly current: number | null;
}

export function createVirtualTable({ label, columns, onCurrent, onSort }: VirtualTableOptions): VirtualTable {
  const idPrefix = uniqueId('row');
  const headers = columns.map((column, index) =>
    element(
      'div',
      { role: 'columnheader', 'aria-colindex': index + 1, class: column.isNumber ? 'number' : null },
      element(
        'button',
        { type: 'button', class: 'sort', title: column.help ?? null, click: () => sortBy(index) },
        column.title,
        element('span', { class: 'sort-mark', 'aria-hidden': 'true' }),
      ),
    ),
  );
  const space = element('div', { role: 'rowgroup', class: 'grid-space' });
  const frame = element(
    'div',
    {
      role: 'grid',
      class: 'grid',
      tabindex: 0,
      'aria-label': label,
      'aria-colcount': columns.length,
      scroll: () => drawSoon(),
      keydown: event => onKey(event as KeyboardEvent), // the cast: a keydown listener gets nothing else
    },
    element(
      'div',
      { role: 'rowgroup', class: 'grid-header' },
      element('div', { role: 'row', 'aria-rowindex': 1 }, ...headers),
    ),
    space,
  );
  let rows: TableModel['rows'] = [];
  /** Indices into `rows`, in the order shown. */
  let order: Int32Array = new Int32Array();
  let sort: Sort | null = null;
  /** Index into `order`; −1: none. */
  let current = -1;
  let isDrawn = true;
  const pool: HTMLElement[] = [];

  new ResizeObserver(() => draw()).observe(frame);

  function drawSoon(): void {
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(draw);
  }

  function draw(): void {
    isDrawn = true;
    const first = Math.max(0, Math.floor(frame.scrollTop / rowHeightPx) - spareRows);
    const last = Math.min(order.length, Math.ceil((frame.scrollTop + frame.clientHeight) / rowHeightPx) + spareRows);
    while (pool.length < last - first) {
      const row = newRow();
      pool.push(row);
      space.append(row);
    }
    pool.forEach((row, at) => {
      // A row of the pool always shows the same remainder of positions, so a scroll changes only the rows that moved.
      const position = first + ((((at - first) % pool.length) + pool.length) % pool.length);
      row.hidden = position >= last;
      if (!row.hidden) fillRow(row, position);
    });
    if (current >= first && current < last) frame.setAttribute('aria-activedescendant', `${idPrefix}-${current}`);
    else frame.removeAttribute('aria-activedescendant');
  }

  const newRow = (): HTMLElement => {
    const row = element(
      'div',
      { role: 'row', class: 'grid-row', click: () => setCurrent(Number(row.dataset.position)) },
      ...columns.map((column, index) =>
        element('div', { role: 'gridcell', 'aria-colindex': index + 1, class: column.isNumber ? 'number' : null }, ' '),
      ),
    );
    return row;
  };

  function fillRow(row: HTMLElement, position: number): void {
    row.setAttribute('aria-selected', String(position === current));
    const index = order[position]!;
    const key = `${position}/${index}`;
    if (row.dataset.key === key) return;
    row.dataset.key = key;
    row.dataset.position = String(position);
    row.id = `${idPrefix}-${position}`;
    row.setAttribute('aria-rowindex', String(position + 2));
    row.style.transform = `translateY(${position * rowHeightPx}px)`;
    const cells = rows[index]!;
    columns.forEach((column, at) => {
      // The text node is kept: a scroll then changes texts, not elements.
      (row.children[at]!.firstChild as Text).data = cellText(cells[at] ?? null, column); // the cast: newRow put it there
    });
  }

  function setCurrent(position: number): void {
    current = order.length === 0 ? -1 : Math.min(order.length - 1, Math.max(0, position));
    if (current >= 0) {
      const top = current * rowHeightPx;
      const headerPx = rowHeightPx + 4;
      if (top < frame.scrollTop) frame.scrollTop = top;
      else if (top + rowHeightPx + headerPx > frame.scrollTop + frame.clientHeight)
        frame.scrollTop = top + rowHeightPx + headerPx - frame.clientHeight;
    }
    draw();
    onCurrent(current < 0 ? null : order[current]!);
  }

  function sortBy(column: number): void {
    const isSame = sort?.column === column;
    // Third time: back to the file's own order.
    const next = isSame && sort?.isDescending ? null : { column, isDescending: isSame };
    onSort(next);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.target !== frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(frame.clientHeight / rowHeightPx) - 2);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: order.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    setCurrent(target);
  }

  return {
    element: frame,
    get length() {
      return order.length;
    },
    show: (nextRows, choice) => {
      rows = nextRows;
      sort = choice.sort;
      const by = choice.sort;
      const kept = [...rows.keys()].filter(choice.isShown);
      if (by)
        kept.sort((a, b) => compareCells(rows[a]![by.column] ?? null, rows[b]![by.column] ?? null, by.isDescending));
      order = Int32Array.from(kept);
      current = choice.current === null ? -1 : order.indexOf(choice.current);
      headers.forEach((header, index) => {
        const direction = by?.column === index ? (by.isDescending ? 'descending' : 'ascending') : 'none';
        header.setAttribute('aria-sort', direction);
        header.querySelector('.sort-mark')!.textContent = { none: '', ascending: '▲', descending: '▼' }[direction];
      });
      for (const row of pool) delete row.dataset.key;
      space.style.height = `${order.length * rowHeightPx}px`;
      frame.setAttribute('aria-rowcount', String(order.length + 1));
      draw();
    },
  };
}
