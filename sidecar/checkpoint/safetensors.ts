// safetensors: an 8-byte header length, a JSON header, then one packed buffer. The header is checked completely when the
// file is opened: every tensor has the size its type and shape say, and together they cover the buffer without hole or overlap.
// Source: the format description of the safetensors project.
import { throwIfCancelled } from '../util/rpgError';
import { writeFileAtomically } from '../util/atomicFile';
import { createYielder } from '../util/yieldPoint';
import { cannotWrite, damagedFile, printable, unsupportedContent } from './errors';
import { FileSource } from './fileSource';
import type { CheckpointContent, CheckpointFormat, OpenCheckpoint, WriteOptions } from './format';
import { contiguousStrides, dtypeBytes, tensorBytes, type DType, type Tensor } from './tensor';
import { elementCount } from '../util/namedArrays';
import { tensorChunks } from './tensorData';

export const safetensors: CheckpointFormat = {
  id: 'safetensors',
  title: 'safetensors',
  extensions: ['.safetensors'],
  generatedExtension: '.safetensors',
  matches: (path, head) => head !== null && (looksLikeHeader(head) || path.toLowerCase().endsWith('.safetensors')),
  open: openSafetensors,
  write: writeSafetensors,
};

const maxHeaderBytes = 100_000_000;

const dtypeNames: readonly (readonly [string, DType])[] = [
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U64', 'uint64'],
  ['U32', 'uint32'],
  ['U16', 'uint16'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
  ['C64', 'complex64'],
  ['F8_E4M3', 'float8_e4m3fn'],
  ['F8_E5M2', 'float8_e5m2'],
];
const dtypeOfName: ReadonlyMap<string, DType> = new Map(dtypeNames);
const nameOfDtype: ReadonlyMap<DType, string> = new Map(dtypeNames.map(([name, dtype]) => [dtype, name]));

/** The eighth byte of a plausible length is 0 and the header opens an object. */
function looksLikeHeader(head: Uint8Array): boolean {
  return head.length >= 9 && head[8] === 0x7b && head[7] === 0 && head[6] === 0 && head[5] === 0;
}

function openSafetensors(path: string): OpenCheckpoint {
  const file = new FileSource(path);
  try {
    const { header, dataOffset } = readHeader(file);
    const attributes = readAttributes(path, header.__metadata__);
    const tensors = readEntries(file, header, dataOffset);
    const dictionaries = [{ key: '', tensors, moduleVersions: null }];
    const dispose = (): void => file.dispose();
    return { path, format: 'safetensors', sizeBytes: file.sizeBytes, dictionaries, attributes, notes: [], dispose };
  } catch (error) {
    file.dispose();
    throw error;
  }
}

function readHeader(file: FileSource): { header: Record<string, unknown>; dataOffset: number } {
  if (file.sizeBytes < 10) throw damagedFile(file.path, `it has only ${file.sizeBytes} bytes`);
  const length = file.read(0, 8).readBigUInt64LE();
  if (length > BigInt(maxHeaderBytes) || 8n + length > BigInt(file.sizeBytes)) {
    throw damagedFile(file.path, `the header claims ${length.toString()} bytes, the file has ${file.sizeBytes}`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.read(8, Number(length))));
  } catch {
    throw damagedFile(file.path, 'the header is not JSON');
  }
  if (!isRecord(header)) throw damagedFile(file.path, 'the header is not a JSON object');
  return { header, dataOffset: 8 + Number(length) };
}

function readAttributes(path: string, metadata: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  if (metadata === undefined) return attributes;
  if (!isRecord(metadata)) throw damagedFile(path, '__metadata__ is not an object');
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw damagedFile(path, `__metadata__.${printable(name)} is not text`);
    attributes.set(name, value);
  }
  return attributes;
}

interface Entry {
  name: string;
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

function readEntries(file: FileSource, header: Record<string, unknown>, dataOffset: number): Tensor[] {
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(file.path, name, value))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataBytes = file.sizeBytes - dataOffset;
  let covered = 0;
  for (const entry of entries) {
    if (entry.begin !== covered)
      throw damagedFile(
        file.path,
        `a hole or overlap before ${printable(entry.name)} (at ${entry.begin}, expected ${covered})`,
      );
    covered = entry.end;
  }
  if (covered !== dataBytes)
    throw damagedFile(file.path, `its tensors need ${covered} bytes of data, it has ${dataBytes}`);
  return entries.map(({ name, dtype, shape, begin, end }) => ({
    name,
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
    storage: {
      sizeBytes: end - begin,
      read: (from, length, scratch) => {
        checkRange(file, name, end - begin, from, length);
        return file.read(dataOffset + begin + from, length, scratch);
      },
    },
    isParameter: false,
    requiresGrad: false,
  }));
}

function checkRange(file: FileSource, name: string, sizeBytes: number, from: number, length: number): void {
  if (from >= 0 && length >= 0 && from + length <= sizeBytes) return;
  throw damagedFile(file.path, `bytes ${from} to ${from + length} of ${printable(name)}, which has ${sizeBytes}`);
}

function parseEntry(path: string, name: string, value: unknown): Entry {
  if (!isRecord(value)) throw damagedFile(path, `the entry of ${printable(name)} is not an object`);
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  const dtype = typeof dtypeName === 'string' ? dtypeOfName.get(dtypeName) : undefined;
  if (!dtype)
    throw unsupportedContent(
      path,
      `${printable(name)} has type ${printable(String(dtypeName))}`,
      `convert it to one of ${[...dtypeOfName.keys()].join(', ')}`,
    );
  if (!isCounts(shape) || shape.length > 64 || !isCounts(offsets) || offsets.length !== 2)
    throw damagedFile(path, `shape or offsets of ${printable(name)} are not counts`);
  const [begin, end] = offsets as [number, number];
  const sizeBytes = elementCount(shape) * dtypeBytes[dtype];
  if (end - begin !== sizeBytes)
    throw damagedFile(
      path,
      `${printable(name)} of shape [${shape.join(', ')}] needs ${sizeBytes} bytes, its offsets give ${end - begin}`,
    );
  return { name, dtype, shape, begin, end };
}

// — writing —

/** The tensors' order of the reference serializer: widest type first, then by name, so that all are naturally aligned. */
async function writeSafetensors(path: string, content: CheckpointContent, options: WriteOptions = {}): Promise<void> {
  const tensors = [...content.dictionary.tensors].sort(
    (a, b) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype] || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(path, tensors, content.attributes);
  const pause = createYielder();
  await writeFileAtomically(path, async file => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    file.append(length);
    file.append(header);
    for (const tensor of tensors) {
      for (const chunk of tensorChunks(tensor)) {
        throwIfCancelled(options.signal, `writing ${path}`);
        file.append(chunk);
        options.onBytes?.(chunk.length);
        await pause();
      }
    }
  });
}

function encodeHeader(path: string, tensors: readonly Tensor[], attributes: ReadonlyMap<string, string>): Buffer {
  // A Map of entries: an object would reorder numeric names and treat `__proto__` specially.
  const entries = new Map<string, unknown>();
  if (attributes.size > 0) entries.set('__metadata__', Object.fromEntries(attributes));
  let at = 0;
  for (const tensor of tensors) {
    const dtype = nameOfDtype.get(tensor.dtype);
    if (!dtype)
      throw cannotWrite(
        path,
        `${tensor.name} is ${tensor.dtype}, which safetensors does not know`,
        'convert it, or write a .pth file',
      );
    if (tensor.name === '__metadata__' || entries.has(tensor.name) || !tensor.name.isWellFormed()) {
      throw cannotWrite(
        path,
        `a tensor is named '${printable(tensor.name)}'`,
        'rename it: names are unique, valid Unicode and not __metadata__',
      );
    }
    const end = at + tensorBytes(tensor);
    entries.set(tensor.name, { dtype, shape: tensor.shape, data_offsets: [at, end] });
    at = end;
  }
  const json = Buffer.from(
    `{${[...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`,
  );
  return Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && (item as number) >= 0);
