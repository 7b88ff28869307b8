// What torch pickles inside a checkpoint: storages behind persistent ids, tensors rebuilt over them, and the containers
// around. Shared by the zip and the stream format. Only the constructors in the table below exist.
import { damagedFile, unsupportedContent } from './errors';
import type { Constructor, PickleOptions } from './pickleReader';
import { PyCall, PyGlobal, PyTuple } from './pickleValues';
import { dtypeBytes, type DType, type Tensor, type TensorStorage } from './tensor';
import { elementCount } from '../util/namedArrays';

/** torch's storage classes and their element types. */
export const storageDtypes: ReadonlyMap<string, DType> = new Map([
  ['FloatStorage', 'float32'],
  ['DoubleStorage', 'float64'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexFloatStorage', 'complex64'],
  ['ComplexDoubleStorage', 'complex128'],
]);

/** A storage as the pickle announces it; the format supplies `source` once it knows where the bytes are. */
export class TorchStorage implements TensorStorage {
  source: TensorStorage['read'] | null = null;

  constructor(
    readonly path: string,
    readonly key: string,
    readonly dtype: DType | 'untyped',
    readonly sizeBytes: number,
  ) {}

  read(from: number, length: number, scratch?: Buffer): Uint8Array {
    if (from < 0 || length < 0 || from + length > this.sizeBytes || !this.source) {
      throw damagedFile(
        this.path,
        `bytes ${from} to ${from + length} of storage ${this.key}, which has ${this.sizeBytes}`,
      );
    }
    return this.source(from, length, scratch);
  }
}

/** A tensor before it has a name. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: DType,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly requiresGrad: boolean,
    readonly isParameter: boolean,
  ) {}

  named(name: string): Tensor {
    const { storage, dtype, offset, shape, strides, requiresGrad, isParameter } = this;
    return { name, storage, dtype, offset, shape, strides, requiresGrad, isParameter };
  }
}

/** A persistent id: `('storage', torch.FloatStorage, '0', 'cpu', 72)`, with a view as sixth entry in very old files. */
export interface StorageId {
  readonly key: string;
  readonly dtype: DType | 'untyped';
  readonly sizeBytes: number;
  readonly view: unknown;
}

export function parseStorageId(path: string, id: unknown): StorageId {
  const [tag, type, key, location, count, view] = id instanceof PyTuple ? id.items : [];
  if (
    tag !== 'storage' ||
    !(type instanceof PyGlobal) ||
    typeof key !== 'string' ||
    typeof location !== 'string' ||
    !isCount(count)
  ) {
    throw damagedFile(path, 'a persistent id that does not describe a storage');
  }
  const dtype =
    type.path === 'torch.storage.UntypedStorage'
      ? 'untyped'
      : type.module === 'torch'
        ? storageDtypes.get(type.name)
        : undefined;
  if (!dtype)
    throw unsupportedContent(path, `storage type ${type.path}`, 'save the tensors with a dense, unquantised type');
  return { key, dtype, sizeBytes: count * (dtype === 'untyped' ? 1 : dtypeBytes[dtype]), view };
}

/** Everything the unpickler needs to know of torch. */
export function torchPickleOptions(path: string, persistentLoad: (id: unknown) => TorchStorage): PickleOptions {
  const constructors = new Map<string, Constructor>([
    ['torch._utils._rebuild_tensor', args => rebuildTensor(path, args)],
    ['torch._utils._rebuild_tensor_v2', args => rebuildTensor(path, args)],
    ['torch._utils._rebuild_tensor_v3', args => rebuildTensor(path, args, args[6])],
    ['torch._utils._rebuild_parameter', args => rebuildParameter(path, args)],
    ['torch.Size', args => new PyTuple(integers(path, args[0] ?? []))],
    ['torch.device', args => new PyCall(new PyGlobal('torch', 'device'), args)],
  ]);
  return { path, persistentLoad, constructors, isAllowedGlobal };
}

/** Storage classes and dtypes may stand as values; nothing else may. */
function isAllowedGlobal(global: PyGlobal): boolean {
  if (global.path === 'torch.storage.UntypedStorage') return true;
  return global.module === 'torch' && (storageDtypes.has(global.name) || Object.hasOwn(dtypeBytes, global.name));
}

function rebuildTensor(path: string, args: readonly unknown[], dtypeGlobal?: unknown): TorchTensor {
  const [storage, offset, shape, strides, requiresGrad] = args;
  if (!(storage instanceof TorchStorage)) throw damagedFile(path, 'a tensor without a storage');
  const dtype = dtypeGlobal === undefined ? storage.dtype : dtypeOf(path, dtypeGlobal);
  if (dtype === 'untyped') throw damagedFile(path, 'a tensor over bytes without a type');
  const tensor = new TorchTensor(
    storage,
    dtype,
    offset as number,
    integers(path, shape),
    integers(path, strides),
    requiresGrad === true,
    false,
  );
  checkGeometry(path, tensor);
  return tensor;
}

function rebuildParameter(path: string, args: readonly unknown[]): TorchTensor {
  const [tensor, requiresGrad] = args;
  if (!(tensor instanceof TorchTensor)) throw damagedFile(path, 'a parameter without a tensor');
  return new TorchTensor(
    tensor.storage,
    tensor.dtype,
    tensor.offset,
    tensor.shape,
    tensor.strides,
    requiresGrad === true,
    true,
  );
}

/** Offsets, shapes and strides come from the file: they must stay inside the storage. */
function checkGeometry(path: string, tensor: TorchTensor): void {
  const { offset, shape, strides, storage, dtype } = tensor;
  const numbers: readonly unknown[] = [offset, ...shape, ...strides];
  if (shape.length !== strides.length || shape.length > 64 || !numbers.every(isCount)) {
    throw damagedFile(
      path,
      `a tensor with offset ${String(offset)}, shape [${shape.join(', ')}] and strides [${strides.join(', ')}]`,
    );
  }
  const count = elementCount(shape);
  if (count === 0) return;
  const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis]!, offset);
  if (!Number.isSafeInteger(count) || (last + 1) * dtypeBytes[dtype] > storage.sizeBytes) {
    throw damagedFile(
      path,
      `a tensor of shape [${shape.join(', ')}] reaches past its storage of ${storage.sizeBytes} bytes`,
    );
  }
}

function dtypeOf(path: string, global: unknown): DType {
  if (!(global instanceof PyGlobal) || !Object.hasOwn(dtypeBytes, global.name))
    throw damagedFile(path, 'a tensor of an unknown type');
  return global.name as DType; // checked by hasOwn
}

function integers(path: string, value: unknown): number[] {
  const items = value instanceof PyTuple ? value.items : Array.isArray(value) ? (value as unknown[]) : null;
  if (!items || items.length > 64 || !items.every(isCount))
    throw damagedFile(path, 'a shape or stride that is not a list of small positive integers');
  return [...items];
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
