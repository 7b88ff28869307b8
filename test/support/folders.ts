// Temporary folders of a test, removed when it ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh folder that lasts as long as the running test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'rpg-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The repository's root, from any test. */
export const repository = path.resolve(import.meta.dirname, '..', '..');
export const fixtures = path.join(repository, 'test', 'fixtures', 'torch');
export const goldenCases = path.join(repository, 'test', 'golden', 'cases');
