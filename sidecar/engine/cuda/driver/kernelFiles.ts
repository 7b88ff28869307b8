// Where the compiled kernels lie: beside the bundle (dist/kernels), or in the sources. RPG_KERNELS names another folder.
// They are Brotli-compressed fat binaries, one per source file; manifest.json lists them with the source's hash.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { kernelsMissing } from './cudaErrors';

export interface KernelManifest {
  /** SHA-256 of all kernel sources, in order of name. */
  readonly sourceHash: string;
  readonly compiler: string;
  readonly targets: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

let images: { name: string; image: Uint8Array }[] | undefined;

/** Every kernel file, decompressed once per process. *Errors* internal: the folder or a file is missing. */
export function readKernels(): { name: string; image: Uint8Array }[] {
  images ??= load();
  return images;
}

function load(): { name: string; image: Uint8Array }[] {
  const folder = findFolder();
  const manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as KernelManifest; // our own file
  return manifest.files.map(({ name }) => {
    const file = path.join(folder, name);
    try {
      return { name, image: brotliDecompressSync(readFileSync(file)) };
    } catch (error) {
      throw kernelsMissing(file, String(error));
    }
  });
}

function findFolder(): string {
  const sources = 'sidecar/engine/cuda/kernels/prebuilt';
  const here = typeof __dirname === 'string' ? __dirname : process.cwd();
  const candidates = [
    ...(process.env.RPG_KERNELS ? [process.env.RPG_KERNELS] : []),
    path.join(here, 'kernels'),
    path.join(process.env.RPG_ROOT ?? '.', sources),
    path.join(here, '..', sources),
    path.join(here, 'kernels', 'prebuilt'),
    path.join(process.cwd(), sources),
  ];
  for (const folder of candidates) {
    try {
      readFileSync(path.join(folder, 'manifest.json'));
      return folder;
    } catch {
      // the next one
    }
  }
  throw kernelsMissing('manifest.json', `looked in ${candidates.join(', ')}`);
}
