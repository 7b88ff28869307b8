// What a person chose in the page and finds again after a reload: how things are shown, never what is true.
import { viewSections, type ViewSection } from '../protocol/view';
import { isRecord } from './host';

export interface Sort {
  readonly column: number;
  readonly isDescending: boolean;
}

export interface Preferences {
  /** Runs shown before the page was reloaded; the host is asked for them again. */
  selected: readonly string[];
  collapsed: readonly ViewSection[];
  /** Disclosures that are open, by name. */
  open: readonly string[];
  isLogScale: boolean;
  sorts: Readonly<Record<string, Sort>>;
  /** Tensor whose histogram is shown. */
  layer: string | null;
  onlyDifferences: boolean;
}

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** Whatever can be used of what an earlier version of the page may have saved. */
export function parsePreferences(saved: unknown): Preferences {
  const record = isRecord(saved) ? saved : {};
  const sorts: Record<string, Sort> = {};
  for (const [table, sort] of Object.entries(isRecord(record.sorts) ? record.sorts : {}))
    if (isRecord(sort) && typeof sort.column === 'number')
      sorts[table] = { column: sort.column, isDescending: sort.isDescending === true };
  const collapsed = strings(record.collapsed);
  return {
    selected: strings(record.selected),
    collapsed: viewSections.filter(section => collapsed.includes(section)),
    open: strings(record.open),
    isLogScale: record.isLogScale === true,
    sorts,
    layer: typeof record.layer === 'string' ? record.layer : null,
    onlyDifferences: record.onlyDifferences !== false,
  };
}
