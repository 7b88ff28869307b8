import { truncateSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { hashOf } from '../../../sidecar/app/train/train';
import { temporaryFolder } from '../../support/folders';

it('hashes the weights a run begins with, also where they are larger than what is read at once', () => {
  const file = path.join(temporaryFolder(), 'weights.pth');
  writeFileSync(file, 'abc');
  expect(hashOf(file)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  truncateSync(file, 2 ** 31 + 1); // sparse: published weights of the large presets are several gigabytes
  expect(hashOf(file)).toMatch(/^[0-9a-f]{64}$/);
});
