// A workspace of version e55e529, as that version left it: 0001-zoo, stopped at step 16 of 40, and 0002-finished.
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { repository, temporaryFolder } from './folders';

/** Where the fixture's workspace lay when its records were written. */
const recordedFolder = '/tmp/rpg-workspace';

/** A copy of it in a temporary folder, whose records name the copy. `.rpg` cannot be under version control by that name. */
export function earlierWorkspace(): string {
  const folder = temporaryFolder();
  cpSync(path.join(repository, 'test', 'fixtures', 'run-of-e55e529'), folder, { recursive: true });
  renameSync(path.join(folder, 'dot-rpg'), path.join(folder, '.rpg'));
  const here = JSON.stringify(folder).slice(1, -1);
  for (const file of readdirSync(path.join(folder, '.rpg'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.jsonl?$/.test(file)) continue;
    const records = path.join(folder, '.rpg', file);
    writeFileSync(records, readFileSync(records, 'utf8').replaceAll(recordedFolder, here));
  }
  return folder;
}
