// What the parts of the checkpoint page are given, and what survives a reload of it.
import type { CheckpointIntent } from '../../protocol/checkpointView';
import { isRecord } from '../host';
import type { Sort } from '../preferences';

export interface CheckpointPreferences {
  readonly filter: string;
  /** Name of the tensor shown in detail. */
  readonly tensor: string | null;
  /** Null: the file's own order. */
  readonly sort: Sort | null;
}

export interface CheckpointPage {
  readonly post: (intent: CheckpointIntent) => void;
  /** Remembers a choice and draws the page again. */
  readonly prefer: (choice: Partial<CheckpointPreferences>) => void;
}

/** Whatever can be used of what an earlier version of the page may have saved. */
export function parseCheckpointPreferences(saved: unknown): CheckpointPreferences {
  const { filter, tensor, sort } = isRecord(saved) ? saved : {};
  return {
    filter: typeof filter === 'string' ? filter : '',
    tensor: typeof tensor === 'string' ? tensor : null,
    sort:
      isRecord(sort) && typeof sort.column === 'number'
        ? { column: sort.column, isDescending: sort.isDescending === true }
        : null,
  };
}
