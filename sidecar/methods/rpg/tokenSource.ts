// Tokens of a dataset for the trainer: all of them in memory where they fit a share of what is free, otherwise in a file
// under .rpg/cache, from which the rows of each step are read. The file is named by what it was made of and may be deleted.
import { existsSync, mkdirSync, openSync, closeSync, readSync, readdirSync, rmSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { openCheckpoint, selectDictionary } from '../../checkpoint/registry';
import { readFloat32 } from '../../checkpoint/tensorData';
import { tensorsByBareName } from '../../datasets/measureDataset';
import type { TokenSource } from './trainer';
import type { Structure } from '../../tokenizer/structure';
import type { TokenLayout } from '../../tokenizer/tokenLayout';
import { tokenize } from '../../tokenizer/weightTokenizer';
import { writeFileAtomically } from '../../util/atomicFile';
import { fileError, internalError, throwIfCancelled, userError } from '../../util/rpgError';
import { yieldPoint } from '../../util/yieldPoint';

export interface TokenInput {
  readonly structure: Structure;
  readonly layout: TokenLayout;
  readonly key: string;
  /** In the order of the permutation states. */
  readonly files: readonly string[];
  readonly fingerprint: string;
}

export interface TokenOptions {
  /** Where a token file goes when the tokens exceed `memoryLimitBytes`. */
  cacheFolder: string;
  memoryLimitBytes: number;
  onProgress: (fraction: number, message: string) => void;
  signal: AbortSignal;
}

export type OpenTokenSource = TokenSource & { readonly place: 'memory' | 'file'; dispose(): void };

/** Bytes of all tokens of a dataset. */
export function tokenBytes(nCheckpoints: number, layout: Pick<TokenLayout, 'nTokens' | 'dimPerToken'>): number {
  return 4 * nCheckpoints * layout.nTokens * layout.dimPerToken;
}

/** *Errors* those of reading checkpoints; `cancelled`; `file-system`. *Memory* the tokens, or one checkpoint of them. */
export async function openTokenSource(input: TokenInput, options: TokenOptions): Promise<OpenTokenSource> {
  const fits = tokenBytes(input.files.length, input.layout) <= options.memoryLimitBytes;
  return fits ? tokensInMemory(input, options) : tokensInFile(input, options);
}

async function tokensInMemory(input: TokenInput, options: TokenOptions): Promise<OpenTokenSource> {
  const { dimPerToken } = input.layout;
  const all: Float32Array[] = []; // per checkpoint (nTokens, dimPerToken)
  await forEachCheckpoint(input, options, tokens => void all.push(tokens));
  return {
    place: 'memory',
    nCheckpoints: all.length,
    readRows(checkpoint, rows, out, at) {
      const tokens = all[checkpoint]!;
      rows.forEach((row, i) =>
        out.set(tokens.subarray(row * dimPerToken, (row + 1) * dimPerToken), at + i * dimPerToken),
      );
    },
    dispose: () => void all.splice(0),
  };
}

async function tokensInFile(input: TokenInput, options: TokenOptions): Promise<OpenTokenSource> {
  const { layout, fingerprint, files } = input;
  const name = `tokens-${fingerprint.slice(0, 16)}-${layout.split}-${layout.dimPerToken}.f32`;
  const file = path.join(options.cacheFolder, name);
  const expectedBytes = tokenBytes(files.length, layout);
  if (!existsSync(file) || statSync(file).size !== expectedBytes) {
    mkdirSync(options.cacheFolder, { recursive: true });
    removeOtherTokenFiles(options.cacheFolder, name);
    await writeFileAtomically(file, async growing => {
      await forEachCheckpoint(input, options, tokens => growing.append(new Uint8Array(tokens.buffer)));
    });
  }
  const descriptor = openSync(file, 'r');
  const rowBytes = 4 * layout.dimPerToken;
  return {
    place: 'file',
    nCheckpoints: files.length,
    readRows(checkpoint, rows, out, at) {
      rows.forEach((row, i) => {
        const bytes = new Uint8Array(out.buffer, out.byteOffset + 4 * at + i * rowBytes, rowBytes);
        const position = (checkpoint * layout.nTokens + row) * rowBytes;
        const read = readSync(descriptor, bytes, 0, rowBytes, position);
        if (read !== rowBytes) throw fileError(file, 'read its rows (it was truncated)', undefined);
      });
    },
    dispose: () => closeSync(descriptor),
  };
}

/** A cache of one dataset at a time: these files are large, and another dataset is seldom trained next. */
function removeOtherTokenFiles(folder: string, keep: string): void {
  for (const entry of readdirSync(folder)) {
    if (/^tokens-.*\.f32$/.test(entry) && entry !== keep) rmSync(path.join(folder, entry), { force: true });
  }
}

async function forEachCheckpoint(
  { structure, layout, key, files }: TokenInput,
  { onProgress, signal }: TokenOptions,
  use: (tokens: Float32Array<ArrayBuffer>) => void,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    throwIfCancelled(signal, 'reading the dataset');
    use(tokenizeFile(file, key, structure, layout));
    onProgress((index + 1) / files.length, path.basename(file));
    await yieldPoint();
  }
}

/** *Shapes* (nTokens, dimPerToken). *Errors* those of opening the file; a tensor the structure has and it has not. */
function tokenizeFile(file: string, key: string, structure: Structure, layout: TokenLayout): Float32Array<ArrayBuffer> {
  const checkpoint = openCheckpoint(file);
  try {
    const tensors = tensorsByBareName(selectDictionary(checkpoint, key));
    const out = new Float32Array(layout.nTokens * layout.dimPerToken);
    tokenize(
      structure,
      layout,
      index => {
        const parameter = structure.parameters[index];
        if (!parameter)
          throw internalError('token-layout', `the layout names parameter ${index}, which does not exist`);
        const tensor = tensors.get(parameter.name);
        if (tensor?.shape.join() !== parameter.shape.join()) throw changedMeanwhile(file, parameter.name);
        return readFloat32(tensor);
      },
      out,
    );
    return out;
  } finally {
    checkpoint.dispose();
  }
}

function changedMeanwhile(file: string, tensor: string) {
  return userError('dataset-changed', `${file} was replaced while it was read (tensor ${tensor}); start again`, {
    file,
    tensor,
  });
}
