// A folder of checkpoints → its structure: which architecture, which statistics, which files do not belong.
// Streams: one tensor of one checkpoint is in memory at a time, so a thousand files of 100 MB need no more than one of them.
// The result is cached beside the dataset under a fingerprint of the contents; a changed file is noticed and measured anew.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { openCheckpoint, selectDictionary } from '../checkpoint/registry';
import { isWeightDType, tensorBytes, type Tensor, type TensorDictionary } from '../checkpoint/tensor';
import { readFloat32, readTensorBytes } from '../checkpoint/tensorData';
import {
  measureTensor,
  parameterKind,
  StructureBuilder,
  type ParameterShape,
  type Structure,
  type TensorStatistics,
} from '../tokenizer/structure';
import { fileError, throwIfCancelled } from '../util/rpgError';
import { createYielder, yieldPoint } from '../util/yieldPoint';
import { listCheckpoints, type CheckpointFile } from './checkpointFolder';
import { structureMismatch, type StructureDifference } from './errors';
import { readStructureCache, writeStructureCache, type FileStamp, type MeasuredFile } from './structureCache';

export interface MeasureOptions {
  /** Which dictionary of each file; the likeliest network by default. */
  key?: string;
  /** Fraction in [0, 1] and the file just done. */
  onProgress?: (fraction: number, name: string) => void;
  signal?: AbortSignal;
  /** `strict` (default) refuses a folder of mixed architecture; `survey` describes it. */
  mode?: 'strict' | 'survey';
  useCache?: boolean;
}

/** A dataset as training sees it. */
export interface MeasuredDataset {
  readonly folder: string;
  /** Those of the common structure, sorted by name. */
  readonly files: readonly MeasuredFile[];
  readonly structure: Structure;
  /** Hash over names and contents: equal fingerprints are equal datasets, on any machine. */
  readonly fingerprint: string;
  /** Key of the tensor dictionary inside each file. */
  readonly key: string;
  /** Checkpoints of another architecture (survey mode only). */
  readonly differences: readonly StructureDifference[];
  /** Files that cannot be read, with the reason (survey mode only). */
  readonly unreadable: readonly { path: string; message: string }[];
  readonly nSkipped: number;
  /** False where everything came from the cache. */
  readonly wasMeasured: boolean;
}

/** *Errors* those of opening a checkpoint; `structure-mismatch`; `no-checkpoints`; `cancelled`. *Memory* one tensor. */
export async function measureDataset(folder: string, options: MeasureOptions = {}): Promise<MeasuredDataset> {
  const listed = listCheckpoints(folder);
  const groups = await groupByArchitecture(listed.files, options);
  const common = groups.members;
  const cache = options.useCache === false ? null : readStructureCache(listed.folder, groups.key);
  const files: MeasuredFile[] = [];
  const builder = new StructureBuilder(groups.parameters);
  for (const [index, file] of common.entries()) {
    throwIfCancelled(options.signal, `measuring ${folder}`);
    const stamp = stampOf(file.path);
    const known = cache?.get(file.name);
    const measured =
      known && sameStamp(known.stamp, stamp) && known.statistics.length === groups.parameters.length
        ? known
        : { name: file.name, stamp, ...(await measureFile(file, groups, options)) };
    builder.add(measured.statistics);
    files.push({ ...measured, path: file.path });
    options.onProgress?.((index + 1) / common.length, file.name);
  }
  const nReused = files.filter(file => cache?.get(file.name)?.contentHash === file.contentHash).length;
  const wasMeasured = nReused < files.length;
  if (options.useCache !== false && (wasMeasured || cache?.size !== files.length))
    writeStructureCache(listed.folder, groups.key, files);
  return {
    folder: listed.folder,
    files,
    structure: builder.build(),
    fingerprint: fingerprintOf(files),
    key: groups.key,
    differences: groups.differences,
    unreadable: groups.unreadable,
    nSkipped: listed.nSkipped,
    wasMeasured,
  };
}

/** NaN or infinite weights of one file. */
export function nonFiniteCount({ statistics }: Pick<MeasuredFile, 'statistics'>): number {
  return statistics.reduce((sum, statistic) => sum + (statistic?.nNonFinite ?? 0), 0);
}

/** NaN or infinite weights, and which files hold them; null where there are none. */
export function describeNonFinite(files: readonly Pick<MeasuredFile, 'name' | 'statistics'>[]): string | null {
  const broken = files.map(file => ({ name: file.name, count: nonFiniteCount(file) })).filter(({ count }) => count > 0);
  if (broken.length === 0) return null;
  const shown = broken.slice(0, 3).map(({ name, count }) => `${name} (${count})`);
  if (broken.length > shown.length) shown.push(`${broken.length - shown.length} more`);
  return `weights that are NaN or infinite are left out of statistics and training; ${broken.length} of ${files.length} checkpoints hold some: ${shown.join(', ')}`;
}

/** Names that DataParallel or compile prefix are compared, and kept in the files, without it. */
const wrapperPrefix = /^(?:(?:module|_orig_mod)\.)+/;

export function bareName(name: string): string {
  return name.replace(wrapperPrefix, '');
}

interface Architecture {
  key: string;
  parameters: ParameterShape[];
  members: CheckpointFile[];
  differences: StructureDifference[];
  unreadable: { path: string; message: string }[];
}

/** Opens every file (index only) and takes the architecture most of them have as the common one. */
async function groupByArchitecture(files: readonly CheckpointFile[], options: MeasureOptions): Promise<Architecture> {
  const groups = new Map<string, { parameters: ParameterShape[]; key: string; members: CheckpointFile[] }>();
  const unreadable: { path: string; message: string }[] = [];
  const pause = createYielder();
  for (const file of files) {
    throwIfCancelled(options.signal, 'reading the folder');
    await pause();
    try {
      const { parameters, key } = readShapes(file.path, options.key);
      const signature = JSON.stringify([
        key,
        parameters.map(parameter => [parameter.name, parameter.shape, parameter.isFloat]),
      ]);
      const group = groups.get(signature);
      if (group) group.members.push(file);
      else groups.set(signature, { parameters, key, members: [file] });
    } catch (error) {
      if (options.mode !== 'survey') throw error;
      unreadable.push({ path: file.path, message: (error as Error).message });
    }
  }
  const [common, ...others] = [...groups.values()].sort((a, b) => b.members.length - a.members.length);
  if (!common) throw fileError(files[0]!.path, `read (${unreadable[0]?.message ?? 'nothing readable'})`, undefined);
  const referencePath = common.members[0]!.path;
  const differences = others.flatMap(group =>
    group.members.map(file => firstDifference(file.path, group.parameters, common.parameters, referencePath)),
  );
  if (options.mode !== 'survey' && differences[0]) throw structureMismatch(differences[0]);
  return { key: common.key, parameters: common.parameters, members: common.members, differences, unreadable };
}

function readShapes(path: string, key: string | undefined): { parameters: ParameterShape[]; key: string } {
  const checkpoint = openCheckpoint(path);
  try {
    const dictionary = selectDictionary(checkpoint, key);
    return { parameters: dictionary.tensors.map(shapeOf), key: dictionary.key };
  } finally {
    checkpoint.dispose();
  }
}

function shapeOf(tensor: Tensor): ParameterShape {
  return {
    name: bareName(tensor.name),
    shape: tensor.shape,
    dtype: tensor.dtype,
    isFloat: isWeightDType(tensor.dtype),
  };
}

function firstDifference(
  path: string,
  found: readonly ParameterShape[],
  expected: readonly ParameterShape[],
  referencePath: string,
): StructureDifference {
  const shapes = new Map(found.map(parameter => [parameter.name, parameter.shape]));
  for (const parameter of expected) {
    const shape = shapes.get(parameter.name);
    if (!shape || JSON.stringify(shape) !== JSON.stringify(parameter.shape)) {
      return { path, tensor: parameter.name, found: shape ?? null, expected: parameter.shape, referencePath };
    }
  }
  const names = new Set(expected.map(parameter => parameter.name));
  const extra = found.find(parameter => !names.has(parameter.name));
  if (extra) return { path, tensor: extra.name, found: extra.shape, expected: null, referencePath };
  const misplaced = found.find(({ name }, i) => name !== expected[i]?.name);
  const retyped = found.find(({ isFloat }, i) => isFloat !== expected[i]?.isFloat);
  const { name, shape } = misplaced ?? retyped ?? found[0]!;
  const other = misplaced ? 'order' : retyped ? 'kind of number' : 'tensor dictionary';
  return { path, tensor: name, found: shape, expected: shape, other, referencePath };
}

/** Larger tensors get memory of their own, once. */
const maxScratchBytes = 256 * 2 ** 20;

/** Statistics and content hash of one file, tensor by tensor. */
async function measureFile(
  file: CheckpointFile,
  architecture: Architecture,
  options: MeasureOptions,
): Promise<Pick<MeasuredFile, 'statistics' | 'contentHash' | 'sizeBytes'>> {
  const checkpoint = openCheckpoint(file.path);
  try {
    const dictionary = selectDictionary(checkpoint, architecture.key);
    const tensors = tensorsByBareName(dictionary);
    const hash = createHash('sha256');
    const statistics: (TensorStatistics | null)[] = [];
    const largest = Math.max(0, ...dictionary.tensors.map(tensorBytes));
    const scratch = Buffer.allocUnsafeSlow(Math.min(largest, maxScratchBytes));
    const pause = createYielder();
    for (const parameter of architecture.parameters) {
      throwIfCancelled(options.signal, `measuring ${file.path}`);
      await pause();
      const tensor = tensors.get(parameter.name);
      // The shapes were read a moment ago; a file replaced meanwhile must not be measured half.
      if (!tensor || JSON.stringify(tensor.shape) !== JSON.stringify(parameter.shape)) {
        throw structureMismatch({
          path: file.path,
          tensor: parameter.name,
          found: tensor?.shape ?? null,
          expected: parameter.shape,
          referencePath: architecture.members[0]!.path,
        });
      }
      hash.update(`${parameter.name} ${tensor.dtype} ${parameter.shape.join(',')};`);
      const kind = parameterKind(parameter);
      if (kind === 'fixed') {
        hash.update(readTensorBytes(tensor, { scratch }));
        statistics.push(null);
      } else {
        const values = readFloat32(tensor, { scratch });
        hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        statistics.push(measureTensor(values, kind));
      }
    }
    await yieldPoint();
    return { statistics, contentHash: hash.digest('hex'), sizeBytes: checkpoint.sizeBytes };
  } finally {
    checkpoint.dispose();
  }
}

export function tensorsByBareName(dictionary: TensorDictionary): Map<string, Tensor> {
  return new Map(dictionary.tensors.map(tensor => [bareName(tensor.name), tensor]));
}

/** What the file system knows: when none of it changed, the content did not. ctime cannot be set back by tools that keep mtime. */
function stampOf(path: string): FileStamp {
  try {
    const { size, mtimeMs, ctimeMs, ino } = statSync(path);
    return { sizeBytes: size, mtimeMs, ctimeMs, inode: ino };
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}

const sameStamp = (a: FileStamp, b: FileStamp): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.inode === b.inode;

function fingerprintOf(files: readonly MeasuredFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.name}\0${file.contentHash}\n`);
  return hash.digest('hex');
}
