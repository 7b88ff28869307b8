// Small controls that several parts of a page share.
import { element, type Child } from './dom';
import type { ExportedFile } from '../protocol/view';
import type { Page, PageActions } from './page';
import { createDataTable } from './tables/dataTable';
import type { TableModel } from '../shared/table';

export interface ButtonOptions {
  readonly isPrimary?: boolean;
  /** Why it cannot be used now. It stays reachable by keyboard, so that the reason can be read. */
  readonly blocked?: string | undefined;
  /** Where the label alone would be ambiguous. */
  readonly description?: string;
}

export function button(label: string, click: () => void, options: ButtonOptions = {}): HTMLElement {
  const { isPrimary = false, blocked, description } = options;
  return element(
    'vscode-button',
    {
      secondary: !isPrimary,
      'aria-disabled': blocked === undefined ? null : 'true',
      'aria-label': description ?? null,
      title: blocked ?? null,
      class: blocked === undefined ? null : 'blocked',
      click: () => {
        if (blocked === undefined) click();
      },
    },
    label,
  );
}

/** Buttons that hand finished documents to the host; each is made when it is asked for. */
export function exportBar(
  what: string,
  makers: Readonly<Record<string, () => ExportedFile>>,
  { post }: PageActions,
): HTMLElement {
  return element(
    'div',
    { class: 'bar', role: 'group', 'aria-label': `Export ${what}` },
    ...Object.entries(makers).map(([label, make]) =>
      button(label, () => post({ kind: 'export', ...make() }), { description: `Export ${what} as ${label}` }),
    ),
  );
}

/** A table that is made when it is first opened; whether it is open survives a reload. */
export function tableDisclosure(
  label: string,
  make: () => TableModel,
  id: string,
  page: Page,
  { prefer }: PageActions,
): HTMLElement {
  const details = element(
    'details',
    { class: 'disclosure', open: page.preferences.open.includes(id) },
    element('summary', {}, label),
  );
  const showTable = (): void => {
    if (details.open && details.childElementCount === 1) details.append(table(make(), page, { prefer }));
  };
  details.addEventListener('toggle', () => {
    showTable();
    prefer(({ open }) => ({ open: [...open.filter(each => each !== id), ...(details.open ? [id] : [])] }));
  });
  showTable();
  return details;
}

/** A table whose order survives a reload. */
export const table = (model: TableModel, page: Page, { prefer }: Pick<PageActions, 'prefer'>): HTMLElement =>
  createDataTable(model, {
    sort: page.preferences.sorts[model.id] ?? null,
    onSort: sort => prefer(({ sorts }) => ({ sorts: { ...sorts, [model.id]: sort } })),
  });

/** Terms and their values. */
export const facts = (entries: readonly (readonly [string, string])[]): HTMLElement =>
  element(
    'dl',
    { class: 'facts' },
    ...entries.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))),
  );

export const note = (...children: readonly Child[]): HTMLElement => element('p', { class: 'note' }, ...children);
