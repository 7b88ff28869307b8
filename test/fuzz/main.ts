// `npm run fuzz -- [--files N] [--seed S]`: opens and reads mutated files of every format. Only our own errors may come out, each
// within a second, with bounded memory. Prints the counts; exits 1 on the first thing that must not happen.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import {
  checkpointFormats,
  formatForWriting,
  openCheckpoint,
  selectDictionary,
} from '../../sidecar/checkpoint/registry';
import { readTensorBytes } from '../../sidecar/checkpoint/tensorData';
import { RpgError } from '../../sidecar/util/rpgError';
import { createRandom, mutate } from './mutate';

/** Far above the slowest file (a tenth of a second), so that it finds what never ends and not a busy machine. */
const slowestAllowedMs = 20_000;
const memoryAllowedBytes = 1.5 * 2 ** 30;
const tensorLimitBytes = 2 ** 24;

interface Seed {
  name: string;
  bytes: Buffer;
  /** Adapter folders: which of the two files is mutated. */
  adapterFile?: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { files: { type: 'string', default: '300000' }, seed: { type: 'string', default: '1' } },
  });
  const root = process.env.RPG_ROOT ?? process.cwd();
  const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'rpg-fuzz-'));
  try {
    const seeds = await collectSeeds(path.join(root, 'test', 'fixtures', 'torch'), folder);
    return fuzz(seeds, folder, Number(values.files), Number(values.seed));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Real PyTorch files, and the same contents as safetensors and adapters. */
async function collectSeeds(fixtures: string, folder: string): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const name of readdirSync(fixtures).filter(name => /\.pth?$/.test(name))) {
    const bytes = readFileSync(path.join(fixtures, name));
    if (bytes.length < 50_000) seeds.push({ name, bytes });
  }
  for (const name of ['state_dict.pth', 'dtypes.pth', 'views.pth', 'names.pth']) {
    const source = openCheckpoint(path.join(fixtures, name));
    const out = path.join(folder, `${name}.safetensors`);
    const dictionary = selectDictionary(source);
    const storable = dictionary.tensors.filter(tensor => tensor.dtype !== 'complex128');
    await formatForWriting(out).write(out, {
      dictionary: { ...dictionary, tensors: storable },
      attributes: new Map([['format', 'pt']]),
    });
    source.dispose();
    const bytes = readFileSync(out);
    seeds.push(
      { name: `${name}.safetensors`, bytes },
      { name: `adapter of ${name}`, bytes, adapterFile: 'adapter_model.safetensors' },
    );
  }
  seeds.push({
    name: 'adapter configuration',
    bytes: Buffer.from('{"peft_type": "LORA", "use_dora": true}'),
    adapterFile: 'adapter_config.json',
  });
  return seeds;
}

function fuzz(seeds: readonly Seed[], folder: string, nFiles: number, seed: number): number {
  const random = createRandom(seed);
  const adapter = path.join(folder, 'adapter');
  mkdirSync(adapter);
  const whole = seeds.find(candidate => candidate.adapterFile === 'adapter_model.safetensors')!.bytes;
  const counts = { read: 0, refused: 0 };
  const codes = new Map<string, number>();
  let slowestMs = 0;
  let nFailures = 0;
  const startedAt = performance.now();
  for (let index = 0; index < nFiles; index++) {
    const chosen = seeds[index % seeds.length]!;
    const bytes = mutate(chosen.bytes, random);
    const target = writeTarget(chosen, bytes, folder, adapter, whole);
    const before = performance.now();
    try {
      readAll(target);
      counts.read++;
    } catch (error) {
      if (error instanceof RpgError && error.blame === 'user') {
        counts.refused++;
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
      } else {
        nFailures++;
        const kept = path.join(tmpdir(), `rpg-fuzz-${seed}-${index}`);
        writeFileSync(kept, bytes);
        console.error(`file ${index} of ${chosen.name} (kept as ${kept}): ${(error as Error).stack ?? String(error)}`);
      }
    }
    const elapsedMs = performance.now() - before;
    slowestMs = Math.max(slowestMs, elapsedMs);
    if (elapsedMs > slowestAllowedMs) {
      nFailures++;
      console.error(`file ${index} of ${chosen.name} took ${Math.round(elapsedMs)} ms`);
    }
    if (nFailures > 10) break;
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  if (peakBytes > memoryAllowedBytes) {
    nFailures++;
    console.error(`memory grew to ${Math.round(peakBytes / 2 ** 20)} MiB`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const formats = checkpointFormats.map(format => format.id).join(', ');
  console.log(
    `${nFiles} mutated files of ${formats} (seed ${seed}) in ${seconds.toFixed(0)} s: ${counts.read} read, ${counts.refused} refused, ${nFailures} failures`,
  );
  console.log(
    `refusals: ${[...codes]
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${code} ${count}`)
      .join(', ')}`,
  );
  console.log(`slowest ${slowestMs.toFixed(0)} ms, memory at most ${Math.round(peakBytes / 2 ** 20)} MiB`);
  return nFailures > 0 ? 1 : 0;
}

function writeTarget(seed: Seed, bytes: Buffer, folder: string, adapter: string, model: Buffer): string {
  if (!seed.adapterFile) {
    const file = path.join(folder, seed.name.endsWith('.safetensors') ? 'fuzz.safetensors' : 'fuzz.pth');
    writeFileSync(file, bytes);
    return file;
  }
  writeFileSync(path.join(adapter, 'adapter_config.json'), '{}');
  writeFileSync(path.join(adapter, 'adapter_model.safetensors'), model);
  writeFileSync(path.join(adapter, seed.adapterFile), bytes);
  return adapter;
}

function readAll(target: string): void {
  const checkpoint = openCheckpoint(target);
  try {
    for (const dictionary of checkpoint.dictionaries)
      for (const tensor of dictionary.tensors) readTensorBytes(tensor, { limitBytes: tensorLimitBytes });
  } finally {
    checkpoint.dispose();
  }
}

main().then(
  code => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
