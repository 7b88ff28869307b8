// Compiles kernel.c three times: to WebAssembly, written as base64 into kernelBytes.ts, and to native/kernel-linux-x64-*.so,
// libraries for Linux on x86-64 with AVX2 and with AVX-512 that need nothing else. All carry the SHA-256 of the sources, which a
// test compares, and kernelBytes.ts the types of the functions' arguments, for the caller of the library. Needs clang and lld 14.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(path.dirname(fileURLToPath(import.meta.url)));
const sources = ['simd.h', 'blocks.h', 'convStack.c', 'mamba.c', 'kernel.c'];
const text = sources.map(file => readFileSync(file, 'utf8')).join('');
const sha256 = createHash('sha256').update(text).digest('hex');

const common = ['-O3', '-ffreestanding', '-nostdlib', '-ffp-contract=off', '-Wall', '-Wno-unknown-pragmas', 'kernel.c'];
const wasm = [
  '--target=wasm32',
  '-msimd128',
  '-mbulk-memory',
  '-Wl,--no-entry,--strip-all,--import-memory,-z,stack-size=16384',
];
execFileSync('clang', [...common, ...wasm, '-o', 'kernel.wasm'], { stdio: 'inherit' });
mkdirSync('native', { recursive: true });
const native = ['--target=x86_64-linux-gnu', '-fPIC', '-fvisibility=hidden', '-fno-stack-protector', '-shared', '-fuse-ld=lld', '-Wl,--strip-all', `-DSOURCE_SHA256="${sha256}"`]; // prettier-ignore
for (const [level, march] of [
  ['avx2', 'x86-64-v3'],
  ['avx512', 'x86-64-v4'],
]) {
  const output = `native/kernel-linux-x64-${level}.so`;
  execFileSync('clang', [...common, ...native, `-march=${march}`, '-o', output], { stdio: 'inherit' });
}

/** `float *` → p, `int` → i, `float` → f. */
function letter(declaration) {
  if (declaration.includes('*')) return 'p';
  return declaration.trim().startsWith('float') ? 'f' : 'i';
}
const signatures = [...text.matchAll(/^API\((\w+)\) (int|void) \w+\((.*?)\) \{/gm)].map(
  ([, name, result, parameters]) => `  ${name}: ['${result}', '${parameters.split(',').map(letter).join('')}'],`,
);
writeFileSync(
  'kernelBytes.ts',
  `// Made by build.mjs; do not edit.

/** SHA-256 of the sources this was compiled from. */
export const kernelSourceSha256 = '${sha256}';

/** What each function returns, and its arguments: p pointer, i int, f float. */
export const kernelSignatures = {
${signatures.join('\n')}
} as const;

/** The WebAssembly module. */
export const kernelBase64 =
  '${readFileSync('kernel.wasm').toString('base64')}';
`,
);
rmSync('kernel.wasm');
