// The tensors of a checkpoint as a table model: what the list shows and what is exported.
import type { TensorRecord } from '../../protocol/checkpoints';
import { formatBytes, formatCount, shapeText, significant } from '../../shared/words';
import type { Cell, Column } from '../../shared/table';

export const tensorColumns: readonly (Column & { readonly isNumber?: boolean })[] = [
  { title: 'Tensor' },
  { title: 'Type' },
  { title: 'Shape' },
  { title: 'Size', format: formatBytes, isNumber: true },
  { title: 'Mean', format: significant, isNumber: true },
  { title: 'Std', format: significant, isNumber: true },
  { title: 'Min', format: significant, isNumber: true },
  { title: 'Max', format: significant, isNumber: true },
  { title: 'NaN or ∞', format: formatCount, isNumber: true, help: 'Values that are not finite' },
];

export const tensorRow = ({ name, dtype, shape, sizeBytes, summary }: TensorRecord): Cell[] => [
  name,
  dtype,
  shapeText(shape),
  sizeBytes,
  summary?.mean ?? null,
  summary?.std ?? null,
  summary?.min ?? null,
  summary?.max ?? null,
  summary ? summary.nNaN + summary.nInfinite : null,
];
