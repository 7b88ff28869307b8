// `npm run golden -- DIR [--engine E] [--device D]`: checks every case of a folder laid out like shared/golden and prints the
// largest error of each. Exits 1 above tolerance, 2 where the folder holds no case. Knows no case by name.
import { existsSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { CheckedValue } from './checkedValue';
import { checkTokenCase } from './tokenCases';

async function main(): Promise<number> {
  const { positionals } = parseArgs({
    allowPositionals: true,
    options: { engine: { type: 'string', default: 'portable' }, device: { type: 'string' } },
  });
  const folder = positionals[0];
  if (!folder || !existsSync(folder)) {
    console.error(`usage: npm run golden -- DIR [--engine E] [--device D]; ${folder ?? 'no folder'} was given`);
    return 2;
  }
  let nCases = 0;
  let nFailed = 0;
  for (const name of caseFolders(path.join(folder, 'tokens'))) {
    nCases++;
    if (!printCase(`tokens/${name}`, await checkTokenCase(path.join(folder, 'tokens', name)))) nFailed++;
  }
  if (nCases === 0) {
    console.error(`${folder}: no case under tokens/ or model/`);
    return 2;
  }
  console.log(`${nCases - nFailed} cases passed, ${nFailed} failed`);
  return nFailed > 0 ? 1 : 0;
}

function caseFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort();
}

/** Prints the worst value of a case, and every one above its tolerance. */
function printCase(title: string, values: readonly CheckedValue[]): boolean {
  const exceeded = values.filter(value => !(value.error <= value.tolerance));
  const share = (value: CheckedValue): number => (value.error === 0 ? 0 : value.error / value.tolerance);
  const worst = values.reduce((a, b) => (share(b) > share(a) ? b : a));
  const verdict = exceeded.length === 0 ? 'ok  ' : 'FAIL';
  console.log(
    `${verdict} ${title}: ${values.length} values, largest error ${worst.error.toExponential(2)} (${worst.name}, tolerance ${worst.tolerance.toExponential(0)})`,
  );
  for (const value of exceeded)
    console.log(`     ${value.name}: ${value.error.toExponential(3)} above ${value.tolerance.toExponential(0)}`);
  return exceeded.length === 0;
}

main().then(
  code => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
