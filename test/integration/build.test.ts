// What a build must not do to programs at work.
import { closeSync, fstatSync, openSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { copyBinaries } from '../../scripts/workers.mjs';
import { repository, temporaryFolder } from '../support/folders';

it('replaces the native kernel as a file of its own: a training that has it mapped would be killed by SIGBUS', () => {
  const folder = path.relative(repository, temporaryFolder());
  copyBinaries(folder);
  const inUse = openSync(path.join(repository, folder, 'kernel-linux-x64.so'), 'r');
  copyBinaries(folder);
  expect(fstatSync(inUse).nlink).toBe(0); // what is mapped goes on existing, without a name
  closeSync(inUse);
});
