// Every writable format: what is written is read back equal, whole or not at all.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatForWriting, openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import {
  dtypeBytes,
  tensorFromBytes,
  type DType,
  type Tensor,
  type TensorStorage,
} from '../../../sidecar/checkpoint/tensor';
import { elementCount } from '../../../sidecar/util/namedArrays';
import { readTensorBytes } from '../../../sidecar/checkpoint/tensorData';
import { crc32c } from '../../../sidecar/util/crc32c';
import { rejectionOf } from '../../support/errors';
import { fixtures, temporaryFolder } from '../../support/folders';

const dtypes = (Object.keys(dtypeBytes) as DType[]).filter(
  dtype => !dtype.includes('fnuz') && dtype !== 'complex32' && dtype !== 'complex128',
);

const tensors = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ minLength: 1, unit: 'grapheme' }),
      fc.constantFrom(...dtypes),
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
      fc.nat(),
    ),
    {
      selector: ([name]) => name,
      maxLength: 8,
      minLength: 1,
    },
  )
  .filter(list => list.every(([name]) => name !== '__metadata__' && name.isWellFormed()))
  .map(list =>
    list.map(([name, dtype, shape, seed]) => {
      const bytes = Uint8Array.from({ length: elementCount(shape) * dtypeBytes[dtype] }, (_, index) =>
        dtype === 'bool' ? (index + seed) & 1 : (index * 37 + seed) & 255,
      );
      return tensorFromBytes(name, dtype, shape, bytes);
    }),
  );

const describeTensors = (list: readonly Tensor[]): unknown[] =>
  list
    .map(({ name, dtype, shape, ...tensor }) => ({
      name,
      dtype,
      shape: [...shape],
      bytes: Buffer.from(readTensorBytes({ name, dtype, shape, ...tensor })).toString('hex'),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

async function writeAndRead(
  file: string,
  list: readonly Tensor[],
  attributes = new Map<string, string>(),
): Promise<unknown[]> {
  await formatForWriting(file).write(file, {
    dictionary: { key: '', tensors: list, moduleVersions: null },
    attributes,
  });
  const checkpoint = openCheckpoint(file);
  const described = describeTensors(selectDictionary(checkpoint).tensors);
  for (const [name, value] of attributes) expect(checkpoint.attributes.get(name)).toBe(value);
  checkpoint.dispose();
  return described;
}

describe.each(['x.pth', 'x.safetensors'])('%s', fileName => {
  test('any tensors come back with names, types, shapes and bytes', async () => {
    const file = path.join(temporaryFolder(), fileName);
    await fc.assert(
      fc.asyncProperty(tensors, async list => {
        expect(await writeAndRead(file, list)).toEqual(describeTensors(list));
      }),
      { numRuns: 60 },
    );
  });

  test('equal contents give equal bytes', async () => {
    const folder = temporaryFolder();
    const list = [tensorFromBytes('w', 'float32', [2, 3], new Uint8Array(24).fill(1))];
    await writeAndRead(path.join(folder, fileName), list);
    const first = readFileSync(path.join(folder, fileName));
    await writeAndRead(path.join(folder, fileName), list);
    expect(readFileSync(path.join(folder, fileName)).equals(first)).toBe(true);
  });

  test('a failure or cancellation in the middle leaves the old file and nothing else', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, fileName);
    writeFileSync(file, 'the old content');
    const broken: TensorStorage = {
      sizeBytes: 40_000_000,
      read: (from, length) => {
        if (from > 10_000_000) throw new Error('the source went away');
        return new Uint8Array(length);
      },
    };
    const tensor: Tensor = { ...tensorFromBytes('w', 'float32', [10_000_000], new Uint8Array()), storage: broken };
    const content = {
      dictionary: { key: '', tensors: [tensor], moduleVersions: null },
      attributes: new Map<string, string>(),
    };
    await rejectionOf(() => formatForWriting(file).write(file, content));
    expect(readFileSync(file, 'utf8')).toBe('the old content');
    const abort = new AbortController();
    const zeros = {
      ...tensor,
      storage: { sizeBytes: 40_000_000, read: (_from: number, length: number) => new Uint8Array(length) },
    };
    const writing = formatForWriting(file).write(
      file,
      { ...content, dictionary: { ...content.dictionary, tensors: [zeros] } },
      { signal: abort.signal, onBytes: () => abort.abort() },
    );
    expect((await rejectionOf(() => writing)).blame).toBe('cancelled');
    expect(readdirSync(folder)).toEqual([fileName]);
    expect(readFileSync(file, 'utf8')).toBe('the old content');
  });
});

test('torch to torch keeps shared storages, strides, parameters and module versions', async () => {
  const file = path.join(temporaryFolder(), 'views.pth');
  const source = openCheckpoint(path.join(fixtures, 'views.pth'));
  const dictionary = selectDictionary(source);
  await formatForWriting(file).write(file, { dictionary, attributes: new Map() });
  const copy = openCheckpoint(file);
  const facts = (list: readonly Tensor[]): unknown[] =>
    list.map(tensor => [
      tensor.name,
      tensor.strides,
      tensor.offset,
      tensor.isParameter,
      tensor.requiresGrad,
      list.findIndex(other => other.storage === tensor.storage),
    ]);
  expect(facts(selectDictionary(copy).tensors)).toEqual(facts(dictionary.tensors));
  source.dispose();
  copy.dispose();
});

test('an adapter folder is replaced where that is asked, unless it holds more than the adapter', async () => {
  const folder = temporaryFolder();
  const adapter = path.join(folder, 'adapter');
  const write = (value: number, replace: boolean) => {
    const tensor = tensorFromBytes('lora_A.weight', 'uint8', [1], Uint8Array.of(value));
    const content = {
      dictionary: { key: '', tensors: [tensor], moduleVersions: null },
      attributes: new Map([['adapter_config.json', '{}']]),
    };
    return formatForWriting(adapter).write(adapter, content, { replace });
  };
  const lastByte = () => readFileSync(path.join(adapter, 'adapter_model.safetensors')).at(-1);
  await write(2, false);
  await write(3, true);
  expect([lastByte(), readdirSync(folder)]).toEqual([3, ['adapter']]);
  writeFileSync(path.join(adapter, 'README.md'), 'mine');
  const error = await rejectionOf(() => write(5, true));
  expect(error.message).toContain('holds README.md');
  expect([lastByte(), readdirSync(folder)]).toEqual([3, ['adapter']]);
});

test('an adapter folder keeps its configuration and appears whole', async () => {
  const folder = temporaryFolder();
  const adapter = path.join(folder, 'adapter');
  const config = '{"peft_type": "LORA", "use_dora": true, "base_model_name_or_path": "tiny"}';
  const list = [
    tensorFromBytes('base_model.model.q.lora_A.weight', 'float32', [2, 3], new Uint8Array(24)),
    tensorFromBytes('base_model.model.q.lora_magnitude_vector', 'float32', [3], new Uint8Array(12)),
  ];
  expect(await writeAndRead(adapter, list, new Map([['adapter_config.json', config]]))).toEqual(describeTensors(list));
  expect(readFileSync(path.join(adapter, 'adapter_config.json'), 'utf8')).toBe(config);
  const opened = openCheckpoint(adapter);
  expect(opened.notes.join()).toContain('DoRA adapter of tiny');
  opened.dispose();
  const again = await rejectionOf(() => writeAndRead(adapter, list, new Map([['adapter_config.json', config]])));
  expect(again.message).toContain('exists already');
  await rejectionOf(() => writeAndRead(path.join(folder, 'other'), list));
  expect(existsSync(path.join(folder, 'other'))).toBe(false);
});

test('a checksum goes on from chunk to chunk, and has the check value of its polynomial', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (data, cut) => {
      expect(crc32(data.subarray(cut), crc32(data.subarray(0, cut)))).toBe(crc32(data));
    }),
  );
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283); // the check value of RFC 3720's polynomial
});
