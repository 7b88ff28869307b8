// Finds what is shipped beside the code (datasets/, worker programs), whether it runs from the bundle in dist/, from a
// program bundled into build/, or from source under the test runner.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { internalError } from './rpgError';

/**
 * The path of the first of `candidates` that exists in this code's folder or one of its parents (four levels).
 * *Errors* internal: none exists, so the package is incomplete.
 */
export function packagedFile(...candidates: string[]): string {
  const start = __dirname; // dist/ or build/ in a bundle, sidecar/util from source
  for (let folder = start, level = 0; level < 4; level++, folder = path.dirname(folder)) {
    for (const candidate of candidates) {
      const found = path.join(folder, candidate);
      if (existsSync(found)) return found;
    }
  }
  throw internalError(
    'packaged-file-missing',
    `${candidates.join(' or ')} is missing beside ${start}; reinstall the extension, or run "npm run build" in a checkout`,
    { candidates, start },
  );
}
