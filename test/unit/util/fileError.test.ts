import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileError } from '../../../sidecar/util/rpgError';
import { temporaryFolder } from '../../support/folders';

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

const messageOf = (file: string, error: unknown): string => fileError(file, 'make it', error).message;

describe('a folder that cannot be made', () => {
  it('on a read-only file system is said to be on one', ({ skip }) => {
    const mount = temporaryFolder();
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mount], { encoding: 'utf8' });
    if (status !== 0) skip(`cannot mount a read-only file system: ${stderr}`);
    onTestFinished(() => void spawnSync('umount', [mount]));
    const folder = path.join(mount, 'runs', '0001');
    const error = failureOf(() => mkdirSync(folder, { recursive: true }));
    expect(messageOf(folder, error)).toContain('(EROFS); the file system is read-only; choose another folder');
  });

  it('below one that is missing is said to be missing', () => {
    const folder = path.join(temporaryFolder(), 'missing', 'inner');
    expect(
      messageOf(
        folder,
        failureOf(() => mkdirSync(folder)),
      ),
    ).toContain('(ENOENT); it does not exist');
  });
});
