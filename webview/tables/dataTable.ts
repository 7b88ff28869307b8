// A table model as an HTML table whose columns are sorted by buttons in their headers, with the mouse and the keyboard alike.
// For hundreds of rows; thousands of tensors have virtualTable.ts.
import { element } from '../dom';
import type { Sort } from '../preferences';
import { cellText, compareCells, type TableModel } from '../../shared/table';

const mostRows = 2000;

export interface DataTableOptions {
  readonly sort: Sort | null;
  /** The person chose another order. */
  readonly onSort: (sort: Sort) => void;
}

export function createDataTable(model: TableModel, { sort: firstSort, onSort }: DataTableOptions): HTMLElement {
  let sort = firstSort;
  const body = element('tbody');
  const headers = model.columns.map((column, index) =>
    element(
      'th',
      { scope: 'col', class: isNumeric(model, index) ? 'number' : null },
      element(
        'button',
        { type: 'button', class: 'sort', title: column.help ?? null, click: () => sortBy(index) },
        column.title,
        element('span', { class: 'sort-mark', 'aria-hidden': 'true' }),
      ),
    ),
  );

  function sortBy(index: number): void {
    sort = { column: index, isDescending: sort?.column === index ? !sort.isDescending : isNumeric(model, index) };
    onSort(sort);
    showRows();
  }

  function showRows(): void {
    const rows = [...model.rows];
    const by = sort;
    if (by && by.column < model.columns.length)
      rows.sort((a, b) => compareCells(a[by.column] ?? null, b[by.column] ?? null, by.isDescending));
    headers.forEach((header, index) => {
      const order = by?.column === index ? (by.isDescending ? 'descending' : 'ascending') : 'none';
      header.setAttribute('aria-sort', order);
      header.querySelector('.sort-mark')!.textContent = { none: '', ascending: '▲', descending: '▼' }[order];
    });
    body.replaceChildren(
      ...rows.slice(0, mostRows).map(row =>
        element(
          'tr',
          {},
          ...model.columns.map((column, index) => {
            const text = cellText(row[index] ?? null, column);
            return index === 0
              ? element('th', { scope: 'row' }, text)
              : element('td', { class: isNumeric(model, index) ? 'number' : null }, text);
          }),
        ),
      ),
    );
  }

  showRows();
  return element(
    'div',
    { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': model.title },
    element(
      'table',
      { id: `table-${model.id}` },
      element('caption', { class: 'hidden' }, model.title),
      element('thead', {}, element('tr', {}, ...headers)),
      body,
    ),
    model.rows.length > mostRows
      ? element('p', { class: 'note' }, `The first ${mostRows} of ${model.rows.length} rows; an export holds all.`)
      : null,
  );
}

/** Numbers, or nothing known. */
const isNumeric = (model: TableModel, index: number): boolean =>
  index > 0 && model.rows.every(row => typeof row[index] !== 'string') && model.rows.some(row => row[index] !== null);
