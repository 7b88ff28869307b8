// Every checkpoint format, one line each, and the two questions asked of them all: what is this, and how is that written.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { fileError } from '../util/rpgError';
import { cannotWrite, notACheckpoint, noSuchEntry } from './errors';
import type { CheckpointFormat, FormatId, OpenCheckpoint } from './format';
import { peft } from './peft';
import { safetensors } from './safetensors';
import type { TensorDictionary } from './tensor';
import { torchStream } from './torchStream';
import { torchZip } from './torchZip';

export const checkpointFormats: readonly CheckpointFormat[] = [torchZip, torchStream, safetensors, peft];

/** Opens a file or adapter folder by its content, never by its name alone. *Errors* those of `CheckpointFormat.open`. */
export function openCheckpoint(checkpointPath: string): OpenCheckpoint {
  const head = readHead(checkpointPath);
  const format = checkpointFormats.find(candidate => candidate.matches(checkpointPath, head));
  if (!format) throw notACheckpoint(checkpointPath, describeHead(head));
  return format.open(checkpointPath);
}

/** The format a new file is written in, by its name; a name without an ending is an adapter folder. */
export function formatForWriting(checkpointPath: string): CheckpointFormat & Required<Pick<CheckpointFormat, 'write'>> {
  const extension = path.extname(checkpointPath).toLowerCase();
  const format = checkpointFormats.find(
    candidate =>
      candidate.write &&
      (extension === '' ? candidate.extensions.length === 0 : candidate.extensions.includes(extension)),
  );
  if (!format?.write) {
    const known = checkpointFormats.filter(candidate => candidate.write).flatMap(candidate => candidate.extensions);
    throw cannotWrite(
      checkpointPath,
      `the ending '${extension}' names no format that can be written`,
      `use one of ${known.join(', ')}, or no ending for an adapter folder`,
    );
  }
  return { ...format, write: format.write };
}

/** The dictionary with a key, or the likeliest network. *Errors* `no-such-entry`. */
export function selectDictionary(checkpoint: OpenCheckpoint, key?: string): TensorDictionary {
  const dictionary =
    key === undefined ? checkpoint.dictionaries[0] : checkpoint.dictionaries.find(candidate => candidate.key === key);
  if (!dictionary) {
    throw noSuchEntry(
      checkpoint.path,
      'tensor dictionary',
      key ?? '',
      checkpoint.dictionaries.map(candidate => candidate.key),
    );
  }
  return dictionary;
}

/**
 * The dictionary with a key; of a file with a single one, that one: a network written in a format without nesting is the same
 * network. *Errors* `no-such-entry`.
 */
export function selectNetwork(checkpoint: OpenCheckpoint, key: string | undefined): TensorDictionary {
  const [only, ...others] = checkpoint.dictionaries;
  return only && others.length === 0 ? only : selectDictionary(checkpoint, key);
}

/** File endings that may hold a checkpoint, for listing folders. */
export const checkpointExtensions: ReadonlySet<string> = new Set(
  checkpointFormats.flatMap(format => format.extensions),
);

/** Endings that the editor opens and inspects: of formats that are written; `.tar` is of too many other things. */
export const openableExtensions: readonly string[] = [
  ...new Set(checkpointFormats.flatMap(({ write, extensions }) => (write ? extensions : []))),
];

/** The same but `.ckpt`, which many programs give to files of their own: what words for people name. */
export const usualExtensions: readonly string[] = openableExtensions.filter(ending => ending !== '.ckpt');

/** `.pth, .pt, .bin or .safetensors`. */
export const usualExtensionsInWords = `${usualExtensions.slice(0, -1).join(', ')} or ${usualExtensions.at(-1)!}`;

/** A format by its id. */
export function formatOf(id: FormatId): CheckpointFormat {
  return checkpointFormats.find(format => format.id === id)!;
}

function readHead(checkpointPath: string): Uint8Array | null {
  try {
    const stats = statSync(checkpointPath);
    if (stats.isDirectory()) return null;
    if (!stats.isFile()) throw notACheckpoint(checkpointPath, 'not a regular file');
    const fd = openSync(checkpointPath, 'r');
    try {
      const head = Buffer.alloc(512);
      return head.subarray(0, readSync(fd, head, 0, head.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(checkpointPath, 'open', error);
  }
}

function describeHead(head: Uint8Array | null): string {
  if (head === null) return 'a folder without adapter_config.json';
  if (head.length === 0) return 'the file is empty';
  if (Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar')
    return 'a tar file of PyTorch before 0.1.10; load and save it with a newer PyTorch';
  if (head[0] === 0x89 && head[1] === 0x48) return 'an HDF5 file';
  if (head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55) return 'a GGUF file';
  return `it begins with ${Buffer.from(head.subarray(0, 4)).toString('hex')}`;
}
