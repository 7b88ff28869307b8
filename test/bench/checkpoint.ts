// Reading, writing, inspecting and tokenizing checkpoints of 11.7 M parameters (the shapes of a ResNet-18), beside cp and beside
// PyTorch doing the same on the same files in the same run; then opening a file of 5 GB.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  closeSync,
  ftruncateSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { formatForWriting, openCheckpoint, selectDictionary } from '../../sidecar/checkpoint/registry';
import { isWeightDType, tensorFromBytes, type Tensor } from '../../sidecar/checkpoint/tensor';
import { readFloat32, readTensorBytes } from '../../sidecar/checkpoint/tensorData';
import { measureTensor, parameterKind, StructureBuilder, type Structure } from '../../sidecar/tokenizer/structure';
import { createTokenLayout } from '../../sidecar/tokenizer/tokenLayout';
import { tokenize } from '../../sidecar/tokenizer/weightTokenizer';
import { inspect } from '../../sidecar/app/checkpoints/inspect';
import { atOnce } from '../../sidecar/app/context';

const nFiles = 6;
const repeats = 5;
const bigFileBytes = 5e9;

export async function benchCheckpoint(args: readonly string[]): Promise<void> {
  if (args[0] === '--open') {
    openOne(args[1]!);
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'rpg-bench-'));
  try {
    const files = await makeFiles(folder);
    const sizeMb = statSync(files[0]!).size / 1e6;
    console.log(`${nFiles} files of ${sizeMb.toFixed(1)} MB, best of ${repeats}, page cache warm\n`);
    const torch = measureTorch(folder, files);
    const ours = await measureOurs(folder, files);
    const copyMs = best(() =>
      files.forEach(file => copyFileSync(file, path.join(folder, 'copy', path.basename(file)))),
    );
    const rate = (ms: number | undefined): string =>
      ms === undefined ? '—' : `${((nFiles * sizeMb * 1000) / ms).toFixed(0)} MB/s`;
    const ratio = (mine: number, theirs: number | undefined): string =>
      theirs === undefined ? '—' : (theirs / mine).toFixed(2);
    console.log(`cp      ${rate(copyMs)}`);
    for (const name of ['read', 'write', 'inspect', 'tokenize'] as const) {
      console.log(
        `${name.padEnd(9)}ours ${rate(ours[name])}   PyTorch ${rate(torch?.[name])}   ratio ${ratio(ours[name], torch?.[name])}`,
      );
    }
    console.log(`\ntokenizing 11.7 M parameters once: ${(ours.tokenize / nFiles).toFixed(0)} ms (goal: under 150)`);
    if (!torch) console.log('PyTorch was not measured: /usr/bin/python3 cannot import torch');
    for (const file of [await makeBigTorchFile(folder), makeBigSafetensors(folder)]) {
      const child = spawnSync(process.execPath, [process.argv[1]!, 'checkpoint', '--open', file], { encoding: 'utf8' });
      console.log(child.stdout.trim().split('\n').at(-1));
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own, so that its memory is only that of opening. */
function openOne(file: string): void {
  const before = performance.now();
  const checkpoint = openCheckpoint(file);
  const elapsedMs = performance.now() - before;
  const tensor = selectDictionary(checkpoint).tensors.at(-1)!;
  const readBefore = performance.now();
  readTensorBytes({ ...tensor, shape: [1], strides: [1] });
  const readMs = performance.now() - readBefore;
  // Not resourceUsage().maxRSS: Linux hands the parent's down.
  const memoryMb =
    (Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? NaN) * 1024) / 1e6;
  checkpoint.dispose();
  console.log(
    `open ${path.basename(file)} of ${(statSync(file).size / 1e9).toFixed(1)} GB: ${elapsedMs.toFixed(1)} ms, one value of its last tensor ${readMs.toFixed(1)} ms, process memory at most ${memoryMb.toFixed(0)} MB (goals: 50 ms, 200 MB)`,
  );
}

interface Times {
  read: number;
  write: number;
  inspect: number;
  tokenize: number;
}

async function measureOurs(folder: string, files: readonly string[]): Promise<Times> {
  const structure = structureOf(files[0]!);
  const layout = createTokenLayout(structure, 8192, 'layer');
  const loaded = files.map(file => load(file));
  const out = new Float32Array(layout.nTokens * layout.dimPerToken);
  const arena = Buffer.allocUnsafeSlow(statSync(files[0]!).size);
  const context = { signal: new AbortController().signal, report: () => {}, onDevice: atOnce, workspace: folder };
  const times: Times = {
    read: best(() => files.forEach(file => readAll(file, arena))),
    write: await bestAsync(async () => {
      for (const [index, tensors] of loaded.entries()) {
        const file = path.join(folder, 'copy', `ours-${index}.pth`);
        await formatForWriting(file).write(file, {
          dictionary: { key: '', tensors, moduleVersions: null },
          attributes: new Map(),
        });
      }
    }),
    inspect: await bestAsync(async () => {
      for (const file of files) await inspect({ path: file }, context);
    }),
    tokenize: best(() => {
      for (const tensors of loaded) tokenize(structure, layout, index => readFloat32(tensors[index]!), out);
    }),
  };
  return times;
}

/** Reads every tensor into memory used before, as PyTorch's allocator does when a state dict is dropped and the next loaded. */
function readAll(file: string, arena: Buffer): void {
  const checkpoint = openCheckpoint(file);
  try {
    let at = 0;
    for (const tensor of selectDictionary(checkpoint).tensors)
      at += readTensorBytes(tensor, { scratch: arena.subarray(at) }).length;
  } finally {
    checkpoint.dispose();
  }
}

/** Every tensor of a file in memory, as torch.load gives it. */
function load(file: string): Tensor[] {
  const checkpoint = openCheckpoint(file);
  try {
    return selectDictionary(checkpoint).tensors.map(tensor =>
      tensorFromBytes(tensor.name, tensor.dtype, tensor.shape, readTensorBytes(tensor)),
    );
  } finally {
    checkpoint.dispose();
  }
}

function structureOf(file: string): Structure {
  const tensors = load(file);
  const shapes = tensors.map(tensor => ({
    name: tensor.name,
    shape: tensor.shape,
    dtype: tensor.dtype,
    isFloat: isWeightDType(tensor.dtype),
  }));
  const builder = new StructureBuilder(shapes);
  builder.add(
    shapes.map((shape, index) => {
      const kind = parameterKind(shape);
      return kind === 'fixed' ? null : measureTensor(readFloat32(tensors[index]!), kind);
    }),
  );
  return builder.build();
}

/** The same four jobs in PyTorch: load, save, per-tensor statistics, and normalise-and-cut into rows of 8192. */
const torchProgram = `
import json, sys, time, torch
import torch.nn.functional as F
torch.set_num_threads(int(sys.argv[1]))
repeats, folder, files = int(sys.argv[2]), sys.argv[3], sys.argv[4:]
def best(job):
    times = []
    for _ in range(repeats):
        start = time.perf_counter(); job(); times.append(time.perf_counter() - start)
    return 1000 * min(times)
loaded = [torch.load(f) for f in files]
stats = {k: (v.mean(), v.std()) for k, v in loaded[0].items() if v.is_floating_point() and v.numel() > 1}
def tokenize(state):
    rows = []
    for k, (mean, std) in stats.items():
        flat = ((state[k] - mean) / std).flatten()
        rows.append(F.pad(flat, (0, -flat.numel() % 8192), value=float('nan')).view(-1, 8192))
    return torch.cat(rows)
def inspect(f):
    for v in torch.load(f).values():
        if v.is_floating_point():
            v.mean(), v.std() if v.numel() > 1 else 0, v.min(), v.max(), v.isnan().sum(), v.isinf().sum(), (v == 0).sum(), torch.histc(v, 32)
with torch.no_grad():
    print(json.dumps(dict(
        read=best(lambda: [torch.load(f) for f in files]),
        write=best(lambda: [torch.save(s, f'{folder}/copy/torch-{i}.pth') for i, s in enumerate(loaded)]),
        inspect=best(lambda: [inspect(f) for f in files]),
        tokenize=best(lambda: [tokenize(s) for s in loaded]))))
`;

function measureTorch(folder: string, files: readonly string[]): Times | null {
  try {
    const env = { ...process.env };
    delete env.OPENBLAS_CORETYPE;
    const text = execFileSync('/usr/bin/python3', ['-c', torchProgram, '1', String(repeats), folder, ...files], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(text) as Times; // our own program printed it
  } catch {
    return null;
  }
}

/** Shapes of a ResNet-18 for 1000 classes. */
function resnet18Shapes(): [string, number[]][] {
  const shapes: [string, number[]][] = [];
  const norm = (name: string, width: number): void => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes.push([`${name}.${part}`, [width]]);
  };
  shapes.push(['conv1.weight', [64, 3, 7, 7]]);
  norm('bn1', 64);
  let width = 64;
  for (const [stage, next] of [64, 128, 256, 512].entries()) {
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`;
      shapes.push([`${name}.conv1.weight`, [next, width, 3, 3]]);
      norm(`${name}.bn1`, next);
      shapes.push([`${name}.conv2.weight`, [next, next, 3, 3]]);
      norm(`${name}.bn2`, next);
      if (width !== next) {
        shapes.push([`${name}.downsample.0.weight`, [next, width, 1, 1]]);
        norm(`${name}.downsample.1`, next);
      }
      width = next;
    }
  }
  shapes.push(['fc.weight', [1000, 512]], ['fc.bias', [1000]]);
  return shapes;
}

async function makeFiles(folder: string): Promise<string[]> {
  mkdirSync(path.join(folder, 'copy'));
  const files: string[] = [];
  for (let index = 0; index < nFiles; index++) {
    const tensors = resnet18Shapes().map(([name, shape]) => {
      const values = Float32Array.from(
        { length: shape.reduce((a, b) => a * b, 1) },
        (_, at) => (name.includes('var') ? 1 : 0) + 0.1 * Math.sin(at * 1.7 + index),
      );
      return tensorFromBytes(name, 'float32', shape, new Uint8Array(values.buffer));
    });
    const file = path.join(folder, `resnet18-${index}.pth`);
    await formatForWriting(file).write(file, {
      dictionary: { key: '', tensors, moduleVersions: null },
      attributes: new Map(),
    });
    files.push(file);
  }
  return files;
}

const bigShape = [bigFileBytes / 100 / 4];
const bigTensorCount = 100;

async function makeBigTorchFile(folder: string): Promise<string> {
  const zeros = new Uint8Array(16 * 2 ** 20);
  const storage = {
    sizeBytes: bigFileBytes / bigTensorCount,
    read: (_from: number, length: number) => zeros.subarray(0, length),
  };
  const tensors = Array.from({ length: bigTensorCount }, (_, index) => ({
    ...tensorFromBytes(`w${index}`, 'float32', bigShape, new Uint8Array()),
    storage: { ...storage },
  }));
  const file = path.join(folder, 'big.pth');
  await formatForWriting(file).write(file, {
    dictionary: { key: '', tensors, moduleVersions: null },
    attributes: new Map(),
  });
  return file;
}

/** A sparse file: only its header takes space. */
function makeBigSafetensors(folder: string): string {
  const bytes = bigFileBytes / bigTensorCount;
  const entries = Array.from({ length: bigTensorCount }, (_, index) => [
    `w${index}`,
    { dtype: 'F32', shape: bigShape, data_offsets: [index * bytes, (index + 1) * bytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(folder, 'big.safetensors');
  const fd = openSync(file, 'w');
  writeSync(fd, Buffer.concat([length, header]));
  ftruncateSync(fd, 8 + header.length + bigFileBytes);
  closeSync(fd);
  return file;
}

function best(job: () => void): number {
  let fastest = Infinity;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    job();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

async function bestAsync(job: () => Promise<void>): Promise<number> {
  let fastest = Infinity;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    await job();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}
