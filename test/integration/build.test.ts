// What a build must not do to programs at work.
import { closeSync, fstatSync, openSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { copyBinaries, nativeKernels } from '../../scripts/workers.mjs';
import { repository, temporaryFolder } from '../support/folders';

it('replaces a native kernel by a file of its own: a training that has it mapped would be killed by SIGBUS', () => {
  const folder = path.relative(repository, temporaryFolder());
  copyBinaries(folder);
  const inUse = nativeKernels.map(name => openSync(path.join(repository, folder, name), 'r'));
  copyBinaries(folder);
  expect(inUse.map(file => fstatSync(file).nlink)).toEqual([0, 0]); // what is mapped goes on existing, without a name
  inUse.forEach(closeSync);
});
