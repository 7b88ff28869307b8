// Labelled grey images from idx files (the MNIST family's format), gzip'd or plain: the packaged Fashion-MNIST, or a folder
// with the full split. Reading only; what a pixel means to a network (normalisation) is the recipe's business.
// Source of the format: the table on the MNIST page – 0, 0, type, dimensions, big-endian sizes, bytes.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packagedFile } from '../util/packagedFile';
import { fileError, userError, type RpgError } from '../util/rpgError';

/** Labelled images in shared memory, so that worker threads read them without a copy. */
export interface LabelledImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** (count, height, width), 0 … 255. */
  readonly pixels: Uint8Array;
  /** (count), the class numbers. */
  readonly labels: Uint8Array;
}

/** A dataset's two splits. */
export interface ImageDataset {
  readonly folder: string;
  readonly train: LabelledImages;
  readonly test: LabelledImages;
}

/** The four names of the MNIST family; each file may be gzip'd (`.gz`) or plain. */
const fullSplit = {
  trainImages: ['train-images-idx3-ubyte'],
  trainLabels: ['train-labels-idx1-ubyte'],
  testImages: ['t10k-images-idx3-ubyte'],
  testLabels: ['t10k-labels-idx1-ubyte'],
} as const;

/** A packaged dataset may hold only the first part of the training split. */
const packagedSplit = {
  ...fullSplit,
  trainImages: [...fullSplit.trainImages, 'train-images-first-20000-idx3-ubyte'],
  trainLabels: [...fullSplit.trainLabels, 'train-labels-first-20000-idx1-ubyte'],
} as const;

/** No split of the family is larger than 60,000 × 28 × 28; this allows ten times that and stops a decompression bomb. */
const maxFileBytes = 512 * 1024 * 1024;

/** The folder of a packaged dataset: `$RPG_DATASETS/NAME` where set, else `datasets/NAME` beside the code. */
export function packagedDatasetFolder(name: string): string {
  const override = process.env.RPG_DATASETS;
  return override ? path.join(override, name) : packagedFile(path.join('datasets', name));
}

/**
 * Both splits of a folder. The training split is read only when asked for: testing a network does not need it.
 * *Errors* user: a file is missing, truncated, not idx, or images and labels do not belong together.
 */
export function readImageDataset(folder: string): ImageDataset {
  return { folder, train: readTrainingImages(folder), test: readTestImages(folder) };
}

/** *Errors* as `readImageDataset`. */
export function readTrainingImages(folder: string): LabelledImages {
  return readLabelledImages(folder, packagedSplit.trainImages, packagedSplit.trainLabels);
}

/** *Errors* as `readImageDataset`. */
export function readTestImages(folder: string): LabelledImages {
  return readLabelledImages(folder, packagedSplit.testImages, packagedSplit.testLabels);
}

function readLabelledImages(
  folder: string,
  imageNames: readonly string[],
  labelNames: readonly string[],
): LabelledImages {
  const imagePath = findFile(folder, imageNames);
  const labelPath = findFile(folder, labelNames);
  const images = readIdx(imagePath, 3);
  const labels = readIdx(labelPath, 1);
  const [count, height, width] = images.sizes as [number, number, number]; // readIdx checked the three dimensions
  if (labels.sizes[0] !== count)
    throw notADataset(
      labelPath,
      `holds ${labels.sizes[0]!} labels, but ${path.basename(imagePath)} holds ${count} images`,
    );
  return { count, height, width, pixels: images.bytes, labels: labels.bytes };
}

function findFile(folder: string, names: readonly string[]): string {
  const candidates = names.flatMap(name => [`${name}.gz`, name]);
  const found = candidates.map(name => path.join(folder, name)).find(candidate => existsSync(candidate));
  if (found !== undefined) return found;
  throw userError(
    'dataset-file-missing',
    `${folder}: none of ${candidates.join(', ')} is there; name a folder with the four idx files of an MNIST-like dataset`,
    { folder, candidates },
  );
}

/**
 * The bytes of an idx file of unsigned bytes, in shared memory.
 * *Errors* user: unreadable, damaged gzip, wrong magic number, other than `dimensions` dimensions, longer or shorter than
 * its header says.
 */
function readIdx(file: string, dimensions: number): { sizes: number[]; bytes: Uint8Array } {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw fileError(file, 'read', error);
  }
  if (content[0] === 0x1f && content[1] === 0x8b) content = gunzip(file, content);
  return parseIdx(file, content, dimensions);
}

/** As `readIdx`, from bytes in memory; `name` is only used in messages. */
export function parseIdx(
  name: string,
  content: Uint8Array,
  dimensions: number,
): { sizes: number[]; bytes: Uint8Array } {
  const headerBytes = 4 + 4 * dimensions;
  if (content.length < headerBytes)
    throw notADataset(name, `is ${content.length} bytes long, shorter than its ${headerBytes}-byte header`);
  const unsignedByte = 0x08;
  if (content[0] !== 0 || content[1] !== 0 || content[2] !== unsignedByte || content[3] !== dimensions) {
    const magic = [...content.subarray(0, 4)].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
    throw notADataset(
      name,
      `starts with ${magic}, but idx data of unsigned bytes in ${dimensions} dimension(s) starts with 00 00 08 0${dimensions}`,
    );
  }
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const sizes = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const dataBytes = sizes.reduce((bytes, size) => bytes * size, 1); // at most 2^96: exact enough to compare
  if (content.length !== headerBytes + dataBytes)
    throw notADataset(
      name,
      `holds ${content.length - headerBytes} data bytes, but its header announces ${sizes.join(' × ')} = ${dataBytes}`,
    );
  const bytes = new Uint8Array(new SharedArrayBuffer(dataBytes));
  bytes.set(content.subarray(headerBytes));
  return { sizes, bytes };
}

function gunzip(file: string, content: Buffer): Buffer {
  try {
    return gunzipSync(content, { maxOutputLength: maxFileBytes });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw notADataset(file, `could not be decompressed (${reason})`);
  }
}

function notADataset(file: string, found: string): RpgError {
  return userError('dataset-damaged', `${file} ${found}; fetch the file again`, { file });
}
