// A folder of checkpoints: what it has in common, what does not belong, what changed.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { formatForWriting, openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { tensorFromBytes, type Tensor } from '../../../sidecar/checkpoint/tensor';
import { readTensorBytes } from '../../../sidecar/checkpoint/tensorData';
import {
  accuracyOfFileName,
  classOfFileName,
  listCheckpoints,
  taskBitsOf,
} from '../../../sidecar/datasets/checkpointFolder';
import { describeDifference } from '../../../sidecar/datasets/errors';
import { measureDataset } from '../../../sidecar/datasets/measureDataset';
import { errorOf, rejectionOf } from '../../support/errors';
import { fixtures, goldenCases, temporaryFolder } from '../../support/folders';

const zoo = path.join(goldenCases, 'tokens', 'small-cnn', 'checkpoint');

function weights(name: string, shape: number[], fill: (index: number) => number): Tensor {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => fill(index));
  return tensorFromBytes(name, 'float32', shape, new Uint8Array(values.buffer));
}

async function save(file: string, tensors: Tensor[]): Promise<void> {
  await formatForWriting(file).write(file, {
    dictionary: { key: '', tensors, moduleVersions: null },
    attributes: new Map(),
  });
}

function copyOfZoo(): string {
  const folder = temporaryFolder();
  for (const name of readdirSync(zoo))
    if (!name.startsWith('.')) copyFileSync(path.join(zoo, name), path.join(folder, name));
  return folder;
}

test('the second look is answered from the cache, with the same fingerprint', async () => {
  const folder = copyOfZoo();
  const first = await measureDataset(folder);
  const second = await measureDataset(folder);
  expect([first.wasMeasured, second.wasMeasured]).toEqual([true, false]);
  expect(second.nSkipped).toBe(first.nSkipped); // the cache is no file of the person's
  expect(second.fingerprint).toBe(first.fingerprint);
  expect(second.structure).toEqual(first.structure);
});

test('a changed file is noticed, even with its old time of modification', async () => {
  const folder = copyOfZoo();
  const before = await measureDataset(folder);
  const [target, source] = before.files;
  const { mtime } = { mtime: new Date(before.files[0]!.stamp.mtimeMs) };
  const bytes = readFileSync(source!.path);
  writeFileSync(target!.path, bytes);
  utimesSync(target!.path, mtime, mtime);
  const after = await measureDataset(folder);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  expect(after.files[0]!.contentHash).toBe(before.files[1]!.contentHash);
});

test('the fingerprint is of the contents: format, times and place do not matter', async () => {
  const a = copyOfZoo();
  const b = copyOfZoo();
  expect((await measureDataset(a)).fingerprint).toBe((await measureDataset(b)).fingerprint);
});

test('a damaged cache is measured anew', async () => {
  const folder = copyOfZoo();
  const { fingerprint } = await measureDataset(folder);
  for (const garbage of [
    '',
    '{',
    'null',
    '[]',
    '{"formatVersion":1,"key":"","files":[{}]}',
    '{"formatVersion":99,"files":[]}',
  ]) {
    writeFileSync(path.join(folder, '.rpg-cache.json'), garbage);
    expect((await measureDataset(folder)).fingerprint).toBe(fingerprint);
  }
});

test('a checkpoint of another architecture is named with file, tensor and both shapes', async () => {
  const folder = temporaryFolder();
  for (const index of [0, 1, 2])
    await save(path.join(folder, `${index}.pth`), [weights('fc.weight', [3, 2], i => i + index)]);
  await save(path.join(folder, 'a-odd.pth'), [weights('fc.weight', [5, 2], i => i)]);
  const error = await rejectionOf(() => measureDataset(folder));
  expect(error.code).toBe('structure-mismatch');
  expect(error.message).toMatch(/a-odd\.pth: tensor fc\.weight has shape \[5, 2\], but \[3, 2\] in .*0\.pth/);
  const survey = await measureDataset(folder, { mode: 'survey' });
  expect(survey.files.length).toBe(3);
  expect(survey.differences.length).toBe(1);
});

test('missing and additional tensors are told apart', async () => {
  const folder = temporaryFolder();
  const both = [weights('a', [2], i => i), weights('b', [3], i => i)];
  await save(path.join(folder, '0.pth'), both);
  await save(path.join(folder, '1.pth'), both);
  await save(path.join(folder, '2.pth'), both.slice(0, 1));
  await save(path.join(folder, '3.pth'), [...both, weights('c', [5], i => i)]);
  const { differences } = await measureDataset(folder, { mode: 'survey' });
  expect(differences.map(({ tensor, found, expected }) => ({ tensor, found, expected }))).toEqual([
    { tensor: 'b', found: null, expected: [3] },
    { tensor: 'c', found: [5], expected: null },
  ]);
});

test('another order, kind of number and dictionary are told as what they are', async () => {
  const folder = temporaryFolder();
  const nested = openCheckpoint(path.join(fixtures, 'nested.pth'));
  const { tensors } = selectDictionary(nested);
  const [first, ...rest] = tensors;
  for (const name of ['0.pth', '1.pth']) await save(path.join(folder, name), [...tensors]);
  await save(path.join(folder, '2.pth'), [...rest, first!]);
  await save(path.join(folder, '3.pth'), [
    tensorFromBytes(first!.name, 'int32', first!.shape, readTensorBytes(first!)),
    ...rest,
  ]);
  copyFileSync(path.join(fixtures, 'nested.pth'), path.join(folder, '4.pth'));
  nested.dispose();
  const { differences } = await measureDataset(folder, { mode: 'survey' });
  expect(differences.map(({ path: file, other }) => [path.basename(file), other])).toEqual([
    ['2.pth', 'order'],
    ['3.pth', 'kind of number'],
    ['4.pth', 'tensor dictionary'],
  ]);
  expect(describeDifference(differences[0]!)).toMatch(/2\.pth: tensor .* is in .*0\.pth too, but in another order/);
});

test('an unreadable file is an error, or a line of the survey', async () => {
  const folder = copyOfZoo();
  writeFileSync(path.join(folder, 'broken.pth'), 'nonsense');
  expect((await rejectionOf(() => measureDataset(folder))).message).toContain('broken.pth');
  const survey = await measureDataset(folder, { mode: 'survey' });
  expect(survey.unreadable.map(file => path.basename(file.path))).toEqual(['broken.pth']);
});

test('names that DataParallel prefixed belong to the same architecture', async () => {
  const folder = temporaryFolder();
  await save(path.join(folder, '0.pth'), [weights('fc.weight', [3], i => i)]);
  await save(path.join(folder, '1.pth'), [weights('module.fc.weight', [3], i => i + 1)]);
  const { structure, files } = await measureDataset(folder);
  expect([files.length, structure.parameters[0]!.name]).toEqual([2, 'fc.weight']);
});

test('a folder of adapters is a dataset of adapters', async () => {
  const folder = temporaryFolder();
  for (const index of [0, 1, 2]) {
    const file = path.join(folder, `adapter-${index}`);
    const dictionary = { key: '', tensors: [weights('lora_A.weight', [2, 3], i => i * index)], moduleVersions: null };
    await formatForWriting(file).write(file, { dictionary, attributes: new Map([['adapter_config.json', '{}']]) });
  }
  mkdirSync(path.join(folder, 'not-an-adapter'));
  const dataset = await measureDataset(folder);
  expect([dataset.files.length, dataset.nSkipped]).toEqual([3, 1]);
  expect(dataset.files.every(file => file.sizeBytes > 24)).toBe(true);
});

test('a file that vanishes in the middle is reported by name', async () => {
  const folder = copyOfZoo();
  const error = await rejectionOf(() =>
    measureDataset(folder, {
      onProgress: () =>
        rmSync(
          path.join(
            folder,
            readdirSync(folder)
              .filter(name => name.endsWith('.pth'))
              .at(-1)!,
          ),
          { force: true },
        ),
    }),
  );
  expect(error.message).toMatch(/\.pth: could not (open|read) \(ENOENT\)/);
});

test('cancelling stops it and leaves no cache', async () => {
  const folder = copyOfZoo();
  const abort = new AbortController();
  const error = await rejectionOf(() =>
    measureDataset(folder, { signal: abort.signal, onProgress: () => abort.abort() }),
  );
  expect(error.blame).toBe('cancelled');
  expect(readdirSync(folder)).not.toContain('.rpg-cache.json');
});

test('an empty folder and a missing one', () => {
  expect(errorOf(() => listCheckpoints(temporaryFolder())).code).toBe('no-checkpoints');
  expect(errorOf(() => listCheckpoints('/nowhere')).code).toBe('file-system');
});

test('what file names tell', () => {
  expect(accuracyOfFileName('0004_acc0.8787_seed0020_x.pth')).toBe(0.8787);
  expect(accuracyOfFileName('x.pth')).toBeNull();
  expect(taskBitsOf(classOfFileName('0001_acc0.9_class0279_x.pth')!, 10)).toEqual([0, 1, 0, 0, 0, 1, 0, 1, 1, 1]);
  expect(classOfFileName('x.pth')).toBeNull();
});
