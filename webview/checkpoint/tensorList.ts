// The list of tensors with its filter: every word typed must be part of the name, the type or the shape.
import type { CheckpointReport } from '../../protocol/checkpoints';
import { element, setText } from '../dom';
import { formatCount, plural } from '../../shared/words';
import { changeDetector } from '../page';
import { createVirtualTable } from '../tables/virtualTable';
import type { CheckpointPage, CheckpointPreferences } from './page';
import { tensorColumns, tensorRow } from './tensorTable';

export function createTensorList({ prefer }: CheckpointPage): {
  readonly element: HTMLElement;
  update(report: CheckpointReport, preferences: CheckpointPreferences): void;
} {
  let tensors: CheckpointReport['tensors'] = [];
  let rows: ReturnType<typeof tensorRow>[] = [];
  const filter = element('input', {
    type: 'search',
    placeholder: 'Filter by name, type or shape',
    'aria-label': 'Filter tensors by name, type or shape',
    spellcheck: 'false',
    input: () => prefer({ filter: filter.value }),
  });
  const count = element('p', { class: 'note', role: 'status' });
  const table = createVirtualTable({
    label: 'Tensors',
    columns: tensorColumns,
    onCurrent: row => prefer({ tensor: row === null ? null : tensors[row]!.name }),
    onSort: sort => prefer({ sort }),
  });
  const isNew = changeDetector();
  const isOtherChoice = changeDetector();
  return {
    element: element('div', { class: 'tensor-list' }, filter, count, table.element),
    update: (report, { filter: wanted, sort, tensor }) => {
      const isOther = isNew(report);
      if (isOther) {
        tensors = report.tensors;
        rows = tensors.map(tensorRow);
      }
      // The current row alone is the table's own business: it moved it.
      if (!isOtherChoice(wanted, sort) && !isOther) return;
      if (filter.value !== wanted) filter.value = wanted;
      const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
      const current = tensors.findIndex(each => each.name === tensor);
      table.show(rows, {
        isShown: row => {
          const text = rows[row]!.slice(0, 3).join(' ').toLowerCase();
          return words.every(word => text.includes(word));
        },
        sort,
        current: current < 0 ? null : current,
      });
      setText(
        count,
        words.length === 0
          ? plural(tensors.length, 'tensor')
          : `${formatCount(table.length)} of ${plural(tensors.length, 'tensor')}`,
      );
    },
  };
}
