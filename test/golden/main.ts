// `npm run golden -- DIR [--engine E] [--device D,…] [--workers N] [--precision P,…]`: checks every case of a folder laid out like shared/golden
// and prints the largest error of each. Model cases run on every named device (default wasm,cpu; native and webgpu join where they are
// available), and ten steps' losses of all of them are laid side by side. Exits 1 above tolerance, 2 where the folder holds no case. Knows no case by name.
import { existsSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { listDevices } from '../../sidecar/engine/registry';
import type { CheckedValue } from './checkedValue';
import { compareLossCurves } from './lossCurves';
import { checkModelCases } from './modelCases';
import { checkTokenCase } from './tokenCases';

const softwareGpu = '/usr/lib/chromium/vk_swiftshader_icd.json';

async function main(): Promise<number> {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'portable' },
      device: { type: 'string' },
      workers: { type: 'string', default: '1' },
      precision: { type: 'string' },
    },
  });
  const folder = positionals[0];
  if (!folder || !existsSync(folder)) {
    console.error(`usage: npm run golden -- DIR [--engine E] [--device D]; ${folder ?? 'no folder'} was given`);
    return 2;
  }
  const counts = { passed: 0, failed: 0 };
  const count = (isPassed: boolean): void => {
    if (isPassed) counts.passed++;
    else counts.failed++;
  };
  for (const name of caseFolders(path.join(folder, 'tokens'))) {
    count(printCase(`tokens/${name}`, await checkTokenCase(path.join(folder, 'tokens', name))));
  }
  // Set before the first probe: the graphics loader reads it once.
  if (existsSync(softwareGpu)) process.env.VK_ICD_FILENAMES ??= softwareGpu;
  if (existsSync(path.join(folder, 'model'))) {
    const precisions = wantedPrecisions(options.engine, options.precision);
    const devices = await wantedDevices(options.engine, options.device);
    const places = devices.flatMap(device =>
      precisions.map(precision => ({ engine: options.engine, device, precision })),
    );
    for (const place of places) {
      for (const { case: name, values } of await checkModelCases(folder, {
        ...place,
        workers: Number(options.workers),
      }))
        count(printCase(`model/${name} on ${place.engine}/${place.device}, ${place.precision}`, values));
    }
    const reference = { engine: 'portable', device: 'auto', precision: 'float32' } as const;
    count(await compareLossCurves(options.engine === 'portable' ? places : [reference, ...places]));
  }
  if (counts.passed + counts.failed === 0) {
    console.error(`${folder}: no case under tokens/ or model/`);
    return 2;
  }
  console.log(`${counts.passed} cases passed, ${counts.failed} failed`);
  return counts.failed > 0 ? 1 : 0;
}

/** Those asked for; otherwise wasm, cpu, and webgpu if it runs here (in software where Debian's chromium is installed). */
async function wantedDevices(engine: string, device: string | undefined): Promise<string[]> {
  if (device !== undefined) return device.split(',');
  if (engine !== 'portable') return ['auto'];
  const wanted = ['wasm', 'cpu'];
  for (const candidate of await listDevices()) {
    if (candidate.engine !== 'portable' || !['native', 'webgpu'].includes(candidate.device)) continue;
    const probe = await candidate.probe();
    if (probe.kind === 'available') wanted.push(candidate.device);
    else console.log(`skipped: portable/${candidate.device}, ${probe.reason}`);
  }
  return wanted;
}

/** Those asked for; otherwise every one the engine has. */
function wantedPrecisions(engine: string, asked: string | undefined): ('float32' | 'bfloat16')[] {
  const known = engine === 'cuda' ? (['float32', 'bfloat16'] as const) : (['float32'] as const);
  const wanted = known.filter(precision => asked === undefined || asked.split(',').includes(precision));
  if (wanted.length === 0) throw new Error(`--precision ${asked}: ${engine} has ${known.join(' and ')}`);
  return wanted;
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
  for (const value of exceeded) {
    console.log(`     ${value.name}: ${value.error.toExponential(3)} above ${value.tolerance.toExponential(0)}`);
  }
  return exceeded.length === 0;
}

main().then(
  // Threads and GPU devices may keep the process alive although everything is done.
  code => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
