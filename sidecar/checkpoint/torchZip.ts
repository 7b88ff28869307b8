// torch.save's file since 1.6: a zip archive with one root folder, `data.pkl`, and a stored entry `data/KEY` per storage.
// Reads any of them; writes one that torch.load(weights_only=True) of every version since 1.13 accepts.
// Source: measured against PyTorch; see the interop tests.
import * as path from 'node:path';
import { throwIfCancelled } from '../util/rpgError';
import { writeFileAtomically } from '../util/atomicFile';
import { createYielder } from '../util/yieldPoint';
import { cannotWrite, damagedFile, notACheckpoint, overLimit, unsupportedContent } from './errors';
import { FileSource } from './fileSource';
import type { CheckpointContent, CheckpointFormat, OpenCheckpoint, WriteOptions } from './format';
import { readPickle, TruncatedPickle } from './pickleReader';
import { PickleWriter } from './pickleWriter';
import { PyGlobal, PyOrderedDict, PyTuple } from './pickleValues';
import { dtypeBytes, type DType, type Tensor, type TensorDictionary, type TensorStorage } from './tensor';
import { findDictionaries } from './torchDictionaries';
import { parseStorageId, storageDtypes, TorchStorage, torchPickleOptions } from './torchTensors';
import { ZipReader, type ZipEntry } from './zipReader';
import { ZipWriter } from './zipWriter';

export const torchZip: CheckpointFormat = {
  id: 'torch-zip',
  title: 'PyTorch checkpoint (.pth, .pt, .bin)',
  extensions: ['.pth', '.pt', '.bin', '.ckpt'],
  generatedExtension: '.pth',
  matches: (_path, head) =>
    head !== null && head.length >= 4 && head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4,
  open: openTorchZip,
  write: writeTorchZip,
};

const maxPickleBytes = 256 * 2 ** 20;

function openTorchZip(filePath: string): OpenCheckpoint {
  const file = new FileSource(filePath);
  try {
    const zip = new ZipReader(file);
    const value = readDataPickle(zip);
    const { dictionaries, notes } = findDictionaries(filePath, value);
    const dispose = (): void => file.dispose();
    return {
      path: filePath,
      format: 'torch-zip',
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

function readDataPickle(zip: ZipReader): unknown {
  const entry = findRoot(zip);
  const root = entry.name.slice(0, -'data.pkl'.length);
  if (zip.entries.has(`${root}constants.pkl`)) {
    throw unsupportedContent(
      zip.path,
      'a TorchScript archive, which holds code',
      'save its state dict: torch.save(module.state_dict(), path)',
    );
  }
  const byteOrder = zip.entries.get(`${root}byteorder`);
  if (byteOrder && zip.read(byteOrder, 0, Math.min(byteOrder.sizeBytes, 16)).toString('latin1').trim() !== 'little') {
    throw unsupportedContent(
      zip.path,
      'written on a big-endian machine',
      'load and save it again on a little-endian one',
    );
  }
  if (entry.sizeBytes > maxPickleBytes) throw overLimit(zip.path, 'data.pkl', entry.sizeBytes, maxPickleBytes, 'bytes');
  if (!zip.hasValidChecksum(entry)) throw damagedFile(zip.path, 'the checksum of data.pkl does not match');
  const storages = new Map<string, TorchStorage>();
  try {
    return readPickle(
      zip.read(entry),
      torchPickleOptions(zip.path, id => loadStorage(zip, root, storages, id)),
    ).value;
  } catch (error) {
    throw error instanceof TruncatedPickle ? damagedFile(zip.path, error.message) : error;
  }
}

function findRoot(zip: ZipReader): ZipEntry {
  for (const entry of zip.entries.values()) if (/^[^/]*\/data\.pkl$/.test(entry.name)) return entry;
  throw notACheckpoint(zip.path, 'a zip archive without data.pkl');
}

function loadStorage(
  zip: ZipReader,
  root: string,
  storages: Map<string, TorchStorage>,
  persistentId: unknown,
): TorchStorage {
  const id = parseStorageId(zip.path, persistentId);
  const known = storages.get(id.key);
  if (known) return known;
  if (!/^\d{1,20}$/.test(id.key)) throw damagedFile(zip.path, 'a storage key that is not a number');
  const entry = zip.entries.get(`${root}data/${id.key}`);
  if (!entry) throw damagedFile(zip.path, `storage data/${id.key} is missing`);
  if (entry.sizeBytes < id.sizeBytes)
    throw damagedFile(
      zip.path,
      `storage data/${id.key} has ${entry.sizeBytes} bytes, its tensors need ${id.sizeBytes}`,
    );
  const storage = new TorchStorage(zip.path, id.key, id.dtype, id.sizeBytes);
  storage.source = (from, length, scratch) => zip.read(entry, from, length, scratch);
  storages.set(id.key, storage);
  return storage;
}

// — writing —

const storageClassOf: ReadonlyMap<DType, string> = new Map([...storageDtypes].map(([name, dtype]) => [dtype, name]));
const chunkBytes = 4 * 2 ** 20;

async function writeTorchZip(filePath: string, content: CheckpointContent, options: WriteOptions = {}): Promise<void> {
  const keys = new Map<TensorStorage, string>();
  const pickle = pickleDictionary(filePath, content.dictionary, keys);
  const root =
    path
      .basename(filePath)
      .replace(/\.[^.]*$/, '')
      .replace(/[^\w-]+/g, '_') || 'archive';
  await writeFileAtomically(filePath, async file => {
    const zip = new ZipWriter(file);
    const small = (name: string, bytes: Uint8Array): Promise<void> => zip.add(`${root}/${name}`, bytes.length, [bytes]);
    await small('data.pkl', pickle);
    await small('.format_version', Buffer.from('1'));
    await small('.storage_alignment', Buffer.from('64'));
    await small('byteorder', Buffer.from('little'));
    for (const [storage, key] of keys)
      await zip.add(`${root}/data/${key}`, storage.sizeBytes, storageChunks(filePath, storage, options));
    await small('version', Buffer.from('3\n'));
    zip.finish();
  });
}

async function* storageChunks(
  filePath: string,
  storage: TensorStorage,
  options: WriteOptions,
): AsyncGenerator<Uint8Array> {
  const pause = createYielder();
  for (let at = 0; at < storage.sizeBytes; at += chunkBytes) {
    throwIfCancelled(options.signal, `writing ${filePath}`);
    const length = Math.min(chunkBytes, storage.sizeBytes - at);
    yield storage.read(at, length);
    options.onBytes?.(length);
    await pause();
  }
}

function pickleDictionary(filePath: string, dictionary: TensorDictionary, keys: Map<TensorStorage, string>): Buffer {
  const state = new PyOrderedDict();
  for (const tensor of dictionary.tensors) {
    if (!tensor.name.isWellFormed()) throw cannotWrite(filePath, 'a tensor name is not valid Unicode', 'rename it');
    if (state.has(tensor.name)) throw cannotWrite(filePath, `two tensors are named ${tensor.name}`, 'rename one');
    state.set(tensor.name, new NamedTensor(tensor));
  }
  if (dictionary.moduleVersions) {
    const metadata = new PyOrderedDict();
    for (const [module, versions] of dictionary.moduleVersions) metadata.set(module, new Map(versions));
    state.attributes = new Map([['_metadata', metadata]]);
  }
  const writer = new PickleWriter((value, to) => value instanceof NamedTensor && pickleTensor(value.tensor, to, keys));
  writer.value((dictionary.nesting ?? []).reduceRight<unknown>((inner, name) => new Map([[name, inner]]), state));
  return writer.finish();
}

/** Marks a tensor for the pickle writer. */
class NamedTensor {
  constructor(readonly tensor: Tensor) {}
}

function pickleTensor(tensor: Tensor, writer: PickleWriter, keys: Map<TensorStorage, string>): true {
  let key = keys.get(tensor.storage);
  if (key === undefined) keys.set(tensor.storage, (key = String(keys.size)));
  const storageClass = storageClassOf.get(tensor.dtype);
  const itemBytes = dtypeBytes[tensor.dtype];
  // Types without a storage class of their own (float8, uint16, …) are rebuilt over plain bytes, which torch ≥ 2.3 reads.
  const storageType = storageClass
    ? new PyGlobal('torch', storageClass)
    : new PyGlobal('torch.storage', 'UntypedStorage');
  const storageLength = storageClass ? Math.floor(tensor.storage.sizeBytes / itemBytes) : tensor.storage.sizeBytes;
  const id = new PersistentId(new PyTuple(['storage', storageType, key, 'cpu', storageLength]));

  const parts: unknown[] = [
    id,
    tensor.offset,
    new PyTuple(tensor.shape),
    new PyTuple(tensor.strides),
    tensor.requiresGrad && !tensor.isParameter,
    noHooks,
  ];
  if (!storageClass) parts.push(new PyGlobal('torch', tensor.dtype));
  const rebuild = new Rebuild(storageClass ? '_rebuild_tensor_v2' : '_rebuild_tensor_v3', parts);
  writeRebuild(
    writer,
    tensor.isParameter ? new Rebuild('_rebuild_parameter', [rebuild, tensor.requiresGrad, noHooks]) : rebuild,
  );
  return true;
}

/** Stands for the empty OrderedDict of backward hooks. */
const noHooks = Symbol('no hooks');

/** `torch._utils.NAME(*args)`, of which some arguments need opcodes of their own. */
class Rebuild {
  constructor(
    readonly name: string,
    readonly args: readonly unknown[],
  ) {}
}
class PersistentId {
  constructor(readonly id: PyTuple) {}
}

function writeRebuild(writer: PickleWriter, rebuild: Rebuild): void {
  writer.global('torch._utils', rebuild.name);
  writer.openTuple();
  for (const arg of rebuild.args) {
    if (arg instanceof Rebuild) writeRebuild(writer, arg);
    else if (arg instanceof PersistentId) writer.persistent(arg.id);
    else if (arg === noHooks) writer.call(new PyGlobal('collections', 'OrderedDict'), []);
    else writer.value(arg);
  }
  writer.closeTuple();
  writer.reduce();
}
