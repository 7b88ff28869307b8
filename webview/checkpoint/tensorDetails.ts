// One tensor: its facts, its statistics and the distribution of its values.
import type { CheckpointReport, TensorRecord } from '../../protocol/checkpoints';
import { drawTensorHistogram, tensorHistogramTable } from '../charts/tensorHistogram';
import { createSvgChart } from '../charts/svgChart';
import type { Palette } from '../charts/theme';
import { button, facts, note } from '../controls';
import { element, type Child } from '../dom';
import { formatBytes, formatCount, shapeText, significant } from '../../shared/words';
import { changeDetector } from '../page';
import { createDataTable } from '../tables/dataTable';
import type { CheckpointPage } from './page';

export function createTensorDetails({ post }: CheckpointPage): {
  readonly element: HTMLElement;
  update(report: CheckpointReport, name: string | null, palette: Palette): void;
} {
  const chart = createSvgChart({
    label: 'Distribution of the tensor’s values',
    hint: 'Point at a bar, or use the arrow keys, to read a bin.',
  });
  const body = element('section', { class: 'tensor-details', 'aria-label': 'Selected tensor' });
  const isNew = changeDetector();

  function content(report: CheckpointReport, tensor: TensorRecord): Child[] {
    const { summary } = tensor;
    const sharing = report.tensors.filter(
      each => tensor.sharedStorage !== null && each !== tensor && each.sharedStorage === tensor.sharedStorage,
    );
    return [
      element('h2', { class: 'tensor-name' }, tensor.name),
      facts([
        ['Type', tensor.dtype],
        ['Shape', shapeText(tensor.shape)],
        ['Size', formatBytes(tensor.sizeBytes)],
        ...(summary
          ? ([
              ['Mean', significant(summary.mean)],
              ['Std', significant(summary.std)],
              ['Min', significant(summary.min)],
              ['Max', significant(summary.max)],
              ['Zeros', formatCount(summary.nZero)],
              ['NaN', formatCount(summary.nNaN)],
              ['Infinite', formatCount(summary.nInfinite)],
            ] as const)
          : []),
      ]),
      sharing.length === 0 ? null : note(`Shares its memory with ${sharing.map(each => each.name).join(', ')}.`),
      ...(summary && summary.histogram.length > 0
        ? [
            chart.element,
            element(
              'details',
              { class: 'disclosure' },
              element('summary', {}, 'The histogram as a table'),
              createDataTable(tensorHistogramTable(tensor.name, summary), { sort: null, onSort: () => {} }),
            ),
          ]
        : [note('No statistics: they were not read, or the values are not weights.')]),
      element(
        'div',
        { class: 'bar' },
        button('Copy Name', () => post({ kind: 'copy', text: tensor.name })),
      ),
    ];
  }

  return {
    element: body,
    update: (report, name, palette) => {
      if (!isNew(report, name, palette)) return;
      const tensor = report.tensors.find(each => each.name === name);
      if (!tensor) {
        body.replaceChildren(note('Choose a tensor to see its distribution.'));
        return;
      }
      body.replaceChildren(...content(report, tensor).filter(child => child !== null));
      const { summary } = tensor;
      if (summary && summary.histogram.length > 0)
        chart.show(widthPx => drawTensorHistogram(summary, widthPx, palette));
    },
  };
}
