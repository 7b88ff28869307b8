// vitest's global set-up: the portable engine's worker program, built once before all tests.
import { buildPortableWorker } from '../scripts/portableWorker.mjs';

export async function setup() {
  await buildPortableWorker('build');
}
