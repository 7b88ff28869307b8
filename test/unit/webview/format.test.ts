// Numbers and units of the pages.
import { describe, expect, it } from 'vitest';
import { formatBytes, plural } from '../../../shared/words';

describe('numbers of the pages', () => {
  it.each([
    [999, '999 B'],
    [13_420, '13 kB'],
    [99_700, '100 kB'],
    [999_700, '1.0 MB'],
  ])('%d bytes are %s', (sizeBytes, text) => expect(formatBytes(sizeBytes)).toBe(text));

  it.each([
    [0, '0 tensors'],
    [1, '1 tensor'],
    [1200, '1,200 tensors'],
  ])('%d are counted as %s', (count, text) => expect(plural(count, 'tensor')).toBe(text));
});
