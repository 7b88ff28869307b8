// torch.save's file before 1.6: four pickles in a row (magic number, protocol, system, the value), the list of storage keys,
// then each storage as an 8-byte element count and its bytes. Read only: nothing needs to write it any more.
// The pickles are read from a window that grows until they fit, so the storages behind them are never loaded to open a file.
import { damagedFile, notACheckpoint, overLimit, unsupportedContent } from './errors';
import { FileSource } from './fileSource';
import type { CheckpointFormat, OpenCheckpoint } from './format';
import { readPickle, TruncatedPickle, type PickleOptions } from './pickleReader';
import { dtypeBytes } from './tensor';
import { findDictionaries } from './torchDictionaries';
import { parseStorageId, TorchStorage, torchPickleOptions } from './torchTensors';

export const torchStream: CheckpointFormat = {
  id: 'torch-stream',
  title: 'PyTorch checkpoint before 1.6 (read only)',
  extensions: ['.pth', '.pt', '.bin', '.ckpt', '.tar'],
  generatedExtension: '.pth',
  // The magic number itself, not only a pickle's first bytes: those could also be a safetensors header length.
  matches: (_path, head) => head?.[0] === 0x80 && Buffer.from(head.subarray(0, 32)).includes(magicBytes),
  open: openTorchStream,
};

const magicNumber = 0x1950a86a20f9469cfc6cn;
const magicBytes = Buffer.from('6cfc9c46f9206aa85019', 'hex');
const protocolVersion = 1001;
const firstWindowBytes = 2 ** 20;
const maxPickleBytes = 256 * 2 ** 20;

function openTorchStream(path: string): OpenCheckpoint {
  const file = new FileSource(path);
  try {
    const { value, storages, dataOffset, keys } = readPickles(file);
    locateStorages(file, storages, keys, dataOffset);
    const { dictionaries, notes } = findDictionaries(path, value);
    const dispose = (): void => file.dispose();
    return {
      path,
      format: 'torch-stream',
      sizeBytes: file.sizeBytes,
      dictionaries,
      attributes: new Map(),
      notes,
      dispose,
    };
  } catch (error) {
    file.dispose();
    throw error;
  }
}

interface StreamHead {
  value: unknown;
  storages: ReadonlyMap<string, TorchStorage>;
  keys: readonly unknown[];
  dataOffset: number;
}

function readPickles(file: FileSource): StreamHead {
  for (let windowBytes = firstWindowBytes; ; windowBytes *= 8) {
    const length = Math.min(windowBytes, file.sizeBytes);
    try {
      return parseHead(file.path, file.read(0, length));
    } catch (error) {
      if (!(error instanceof TruncatedPickle)) throw error;
      if (length === file.sizeBytes) throw damagedFile(file.path, error.message);
      if (windowBytes > maxPickleBytes) throw overLimit(file.path, 'the pickle', length, maxPickleBytes, 'bytes');
    }
  }
}

function parseHead(path: string, bytes: Uint8Array): StreamHead {
  const plain: PickleOptions = { path };
  const magic = readPickle(bytes, plain);
  if (magic.value !== magicNumber) throw notACheckpoint(path, 'a pickle that torch.save did not write');
  const version = readPickle(bytes, plain, magic.end);
  if (version.value !== protocolVersion)
    throw unsupportedContent(path, `stream protocol ${String(version.value)}`, 'save it again with a current PyTorch');
  const system = readPickle(bytes, plain, version.end);
  if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) {
    throw unsupportedContent(path, 'written on a big-endian machine', 'load and save it again on a little-endian one');
  }
  const storages = new Map<string, TorchStorage>();
  const options = torchPickleOptions(path, id => announceStorage(path, storages, id));
  const main = readPickle(bytes, options, system.end);
  const keys = readPickle(bytes, plain, main.end);
  if (!Array.isArray(keys.value)) throw damagedFile(path, 'the list of storages is missing');
  return { value: main.value, storages, keys: keys.value as unknown[], dataOffset: keys.end };
}

function announceStorage(path: string, storages: Map<string, TorchStorage>, persistentId: unknown): TorchStorage {
  const id = parseStorageId(path, persistentId);
  if (id.view !== null && id.view !== undefined)
    throw unsupportedContent(path, 'a storage that is a view of another', 'save it again with a current PyTorch');
  let storage = storages.get(id.key);
  if (!storage) storages.set(id.key, (storage = new TorchStorage(path, id.key, id.dtype, id.sizeBytes)));
  return storage;
}

/** The storages follow in the order of `keys`; their announced lengths must agree with the pickle's. */
function locateStorages(
  file: FileSource,
  storages: ReadonlyMap<string, TorchStorage>,
  keys: readonly unknown[],
  dataOffset: number,
): void {
  let at = dataOffset;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || storage.dtype === 'untyped')
      throw damagedFile(file.path, 'the list of storages names one that no tensor uses');
    const count = file.read(at, 8).readBigInt64LE();
    if (count < 0n || count * BigInt(dtypeBytes[storage.dtype]) !== BigInt(storage.sizeBytes)) {
      throw damagedFile(
        file.path,
        `storage ${storage.key} has ${count.toString()} elements, its tensors need ${storage.sizeBytes} bytes`,
      );
    }
    const from = at + 8;
    at = from + storage.sizeBytes;
    if (at > file.sizeBytes) throw damagedFile(file.path, `it ends in storage ${storage.key} (truncated?)`);
    storage.source = (offset, length, scratch) => file.read(from + offset, length, scratch);
  }
  for (const storage of storages.values())
    if (!storage.source) throw damagedFile(file.path, `storage ${storage.key} is missing`);
}
