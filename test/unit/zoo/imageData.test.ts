import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  packagedDatasetFolder,
  parseIdx,
  readImageDataset,
  readTestImages,
  readTrainingImages,
} from '../../../sidecar/zoo/imageData';
import { errorOf } from '../../support/errors';
import { temporaryFolder } from '../../support/folders';

/** An idx file of unsigned bytes: 2 images of 3 × 5. */
const header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5];
const images = Uint8Array.from([...header, ...Array.from({ length: 30 }, (_, i) => i)]);
const labels = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]);

describe('idx files', () => {
  test('sizes and bytes are read in order', () => {
    const { sizes, bytes } = parseIdx('x', images, 3);
    expect(sizes).toEqual([2, 3, 5]);
    expect([...bytes]).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  test.each([
    ['an empty file', new Uint8Array(0), /0 bytes long, shorter than its 16-byte header/],
    ['a cut header', images.subarray(0, 9), /9 bytes long/],
    ['a cut body', images.subarray(0, 40), /holds 24 data bytes, but its header announces 2 × 3 × 5 = 30/],
    ['bytes after the end', Uint8Array.from([...images, 1]), /holds 31 data bytes/],
    ['another dimension count', labels, /shorter|starts with/],
    ['another type', Uint8Array.from([0, 0, 13, 3, ...images.subarray(4)]), /starts with 00 00 0d 03/],
    [
      'a huge announced size',
      Uint8Array.from([0, 0, 8, 3, ...new Array<number>(12).fill(255)]),
      /announces 4294967295/,
    ],
  ])('%s is refused with what was found', (_, content, message) => {
    const error = errorOf(() => parseIdx('the file', content, 3));
    expect(error.code).toBe('dataset-damaged');
    expect(error.message).toMatch(message);
  });
});

describe('dataset folders', () => {
  const write = (folder: string, name: string, content: Uint8Array): void =>
    writeFileSync(path.join(folder, name), content);

  test('a folder with plain or compressed files of the full split is read', () => {
    const folder = temporaryFolder();
    write(folder, 'train-images-idx3-ubyte', images);
    write(folder, 'train-labels-idx1-ubyte.gz', gzipSync(labels));
    write(folder, 't10k-images-idx3-ubyte.gz', gzipSync(images));
    write(folder, 't10k-labels-idx1-ubyte', labels);
    const { train, test: split } = readImageDataset(folder);
    expect([train.count, train.height, train.width, split.count]).toEqual([2, 3, 5, 2]);
    expect([...train.labels]).toEqual([7, 9]);
  });

  test('a missing file names what was looked for', () => {
    const error = errorOf(() => readTestImages(temporaryFolder()));
    expect(error.code).toBe('dataset-file-missing');
    expect(error.message).toContain('t10k-images-idx3-ubyte.gz');
  });

  test('damaged compression is a damaged dataset', () => {
    const folder = temporaryFolder();
    write(folder, 't10k-images-idx3-ubyte.gz', gzipSync(images).subarray(0, 30));
    write(folder, 't10k-labels-idx1-ubyte', labels);
    expect(errorOf(() => readTestImages(folder)).message).toMatch(/could not be decompressed/);
  });

  test('labels of other images are refused', () => {
    const folder = temporaryFolder();
    write(folder, 't10k-images-idx3-ubyte', images);
    write(folder, 't10k-labels-idx1-ubyte', Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 7]));
    expect(errorOf(() => readTestImages(folder)).message).toMatch(/1 labels, but .* holds 2 images/);
  });

  test('the packaged Fashion-MNIST has 20,000 training and 10,000 test images of ten classes', () => {
    const folder = packagedDatasetFolder('fashion-mnist');
    const train = readTrainingImages(folder);
    const split = readTestImages(folder);
    expect([train.count, train.height, train.width]).toEqual([20_000, 28, 28]);
    expect([split.count, split.height, split.width]).toEqual([10_000, 28, 28]);
    expect(new Set(split.labels).size).toBe(10);
  });
});
