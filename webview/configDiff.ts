// The configurations of the selected runs beside each other, one field a row, in the order of the configuration table.
import { runConfigFields } from '../protocol/runConfig';
import type { RunView } from '../protocol/view';
import { isRecord } from './host';
import type { TableModel } from '../shared/table';

export interface ConfigRow {
  /** `training.learningRate`. */
  readonly path: string;
  readonly doc: string;
  /** One a run. */
  readonly values: readonly string[];
  readonly isDifferent: boolean;
}

export function configRows(views: readonly RunView[]): ConfigRow[] {
  const configs = views.map(view => view.config);
  return fields(runConfigFields, []).map(field => {
    const { path, doc } = field;
    const values = configs.map(config => valueText(path.reduce<unknown>(inside, config), field));
    return { path: path.join('.'), doc, values, isDifferent: new Set(values).size > 1 };
  });
}

export const configTable = (views: readonly RunView[], rows: readonly ConfigRow[]): TableModel => ({
  id: 'configuration',
  title: 'Configuration of the selected runs',
  columns: [{ title: 'Field' }, ...views.map(view => ({ title: view.summary.id }))],
  rows: rows.map(row => [row.path, ...row.values]),
});

interface NamedField {
  readonly path: readonly string[];
  readonly doc: string;
  readonly unit: string | undefined;
  readonly nullMeans: string;
}

/** The leaves of the configuration table. */
function fields(table: unknown, path: readonly string[]): NamedField[] {
  if (!isRecord(table)) return [];
  const { doc, unit, nullMeans } = table;
  if (typeof doc === 'string') {
    const shown = typeof nullMeans === 'string' ? nullMeans : 'none';
    return [{ path, doc, unit: typeof unit === 'string' ? unit : undefined, nullMeans: shown }];
  }
  return Object.entries(table).flatMap(([name, part]) => fields(part, [...path, name]));
}

const inside = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

function valueText(value: unknown, { unit, nullMeans }: Pick<NamedField, 'unit' | 'nullMeans'>): string {
  if (value === undefined) return '—';
  if (value === null) return nullMeans;
  if (value === '') return '(empty)';
  const text = Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : JSON.stringify(value);
  return unit ? `${text} ${unit}` : text;
}
