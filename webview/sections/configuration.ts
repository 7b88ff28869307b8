// Every field that changes a run's result, the selected runs beside each other; of several, at first only what differs.
import { configRows, configTable } from '../configDiff';
import { exportBar, note } from '../controls';
import { element } from '../dom';
import { csvExport, jsonExport } from '../export/exportFile';
import { changeDetector, type PageActions, type Part } from '../page';

export function createConfiguration(actions: PageActions): Part {
  const onlyDifferences = element('vscode-checkbox', {
    label: 'Only differences',
    change: () => actions.prefer(() => ({ onlyDifferences: onlyDifferences.checked })),
  });
  const rowsHost = element('div');
  const exports = element('div');
  const body = element('div', { class: 'section-body' }, onlyDifferences, rowsHost, exports);
  const isNew = changeDetector();
  return {
    element: body,
    update: page => {
      const selected = page.state.selected.filter(view => view.config !== null);
      const isCompared = selected.length > 1;
      const isShort = isCompared && page.preferences.onlyDifferences;
      if (!isNew(JSON.stringify(selected.map(view => [view.summary.id, view.config])), isShort)) return;
      onlyDifferences.checked = isShort;
      onlyDifferences.hidden = !isCompared;
      if (selected.length === 0) {
        rowsHost.replaceChildren(note('No configuration to show.'));
        exports.replaceChildren();
        return;
      }
      const all = configRows(selected);
      const rows = isShort ? all.filter(row => row.isDifferent) : all;
      const name = selected.map(view => view.summary.id).join('-');
      const row = (each: (typeof rows)[number]): HTMLElement =>
        element(
          'tr',
          { class: each.isDifferent ? 'different' : null },
          element('th', { scope: 'row', title: each.doc }, each.path, each.isDifferent ? ' ≠' : null),
          ...each.values.map(value => element('td', {}, value)),
        );
      rowsHost.replaceChildren(
        rows.length === 0
          ? note('The configurations of these runs are the same.')
          : element(
              'div',
              { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': 'Configuration' },
              element(
                'table',
                { id: 'table-configuration' },
                element('caption', { class: 'hidden' }, 'Configuration of the selected runs'),
                element(
                  'thead',
                  {},
                  element(
                    'tr',
                    {},
                    element('th', { scope: 'col' }, 'Field'),
                    ...selected.map(view => element('th', { scope: 'col' }, view.summary.id)),
                  ),
                ),
                element('tbody', {}, ...rows.map(row)),
              ),
            ),
      );
      exports.replaceChildren(
        exportBar(
          'the configuration',
          {
            CSV: () => csvExport(name, configTable(selected, all)),
            JSON: () =>
              jsonExport(`${name}-configuration`, isCompared ? selected.map(view => view.config) : selected[0]!.config),
          },
          actions,
        ),
      );
    },
  };
}
