// Compiles sidecar/engine/cuda/kernels/*.cu for every supported card and writes kernels/prebuilt with its manifest. Needs
// nvcc (CUDA 13); nothing else does: the result is under version control. `--only sm_90a` compiles for one target, for trying.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const folder = path.resolve('sidecar/engine/cuda/kernels');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : null;
const targets = only ? [only] : ['sm_80', 'sm_86', 'sm_89', 'sm_90a', 'sm_100', 'sm_120'];
const out = path.resolve(
  process.argv.includes('--out') ? process.argv[process.argv.indexOf('--out') + 1] : path.join(folder, 'prebuilt'),
);

const sources = readdirSync(folder)
  .filter(name => /\.(cu|cuh)$/.test(name))
  .sort();
const hash = createHash('sha256');
for (const name of sources) hash.update(name).update(readFileSync(path.join(folder, name)));
const compiler = execFileSync('nvcc', ['--version'], { encoding: 'utf8' }).match(/release [^\n]*/)[0];

mkdirSync(out, { recursive: true });
const temporary = mkdtempSync(path.join(tmpdir(), 'kernels-'));
try {
  const files = [];
  for (const source of sources.filter(name => name.endsWith('.cu'))) {
    const fatbin = path.join(temporary, source.replace(/\.cu$/, '.fatbin'));
    const codes = targets.map(sm => `-gencode=arch=${sm.replace('sm_', 'compute_')},code=${sm}`);
    // PTX of the oldest target serves cards that did not exist yet.
    const ptx = only ? [] : ['-gencode=arch=compute_80,code=compute_80'];
    execFileSync(
      'nvcc',
      ['-fatbin', '-O3', '--compress-mode=none', ...codes, ...ptx, path.join(folder, source), '-o', fatbin],
      { stdio: 'inherit' },
    );
    const image = readFileSync(fatbin);
    const quality = only ? 5 : 11;
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: 24,
      [constants.BROTLI_PARAM_SIZE_HINT]: image.length,
    };
    const packed = brotliCompressSync(image, { params });
    const name = source.replace(/\.cu$/, '.fatbin.br');
    writeFileSync(path.join(out, name), packed);
    files.push({ name, bytes: packed.length });
    console.log(`${name}: ${image.length} bytes, ${packed.length} compressed`);
  }
  const manifest = {
    sourceHash: hash.digest('hex'),
    compiler,
    targets: [...targets, ...(only ? [] : ['compute_80'])],
    files,
  };
  writeFileSync(path.join(out, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
