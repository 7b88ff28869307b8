// What is in a checkpoint, or in a folder of them. Shows problems, never runs anything.
import { statSync } from 'node:fs';
import type {
  CheckpointReport,
  FolderReport,
  InspectParams,
  TensorRecord,
  TensorSummary,
  TokenCount,
} from '../../../protocol/checkpoints';
import type { Progress } from '../../../protocol/operation';
import { openCheckpoint, selectDictionary } from '../../checkpoint/registry';
import { isWeightDType, tensorBytes, type Tensor, type TensorDictionary } from '../../checkpoint/tensor';
import { elementCount } from '../../util/namedArrays';
import { decodeFloat32, tensorChunks } from '../../checkpoint/tensorData';
import { accuracyOfFileName } from '../../datasets/checkpointFolder';
import { describeDifference } from '../../datasets/errors';
import { measureDataset, nonFiniteCount } from '../../datasets/measureDataset';
import { generatedCount, type Structure } from '../../tokenizer/structure';
import { createTokenLayout } from '../../tokenizer/tokenLayout';
import { existsAdapterConfig } from '../../checkpoint/peft';
import { fileError, throwIfCancelled } from '../../util/rpgError';
import { createYielder } from '../../util/yieldPoint';
import type { OperationContext } from '../context';

/** *Errors* those of opening a checkpoint or measuring a folder. *Memory* one chunk of one tensor. */
export async function inspect(
  params: InspectParams,
  context: OperationContext,
): Promise<CheckpointReport | FolderReport> {
  return isCheckpointFolder(params.path) ? inspectFolder(params, context) : inspectCheckpoint(params, context);
}

function isCheckpointFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory() && !existsAdapterConfig(path);
  } catch (error) {
    throw fileError(path, 'open', error);
  }
}

// — one checkpoint —

async function inspectCheckpoint(params: InspectParams, context: OperationContext): Promise<CheckpointReport> {
  const checkpoint = openCheckpoint(params.path);
  try {
    const dictionary = selectDictionary(checkpoint, params.key);
    const shared = sharedStorages(dictionary);
    const tensors: TensorRecord[] = [];
    const problems: string[] = [];
    for (const [index, tensor] of dictionary.tensors.entries()) {
      const summary =
        params.statistics === false || !isWeightDType(tensor.dtype) ? null : await summarise(tensor, context);
      const { name, dtype } = tensor;
      tensors.push({
        name,
        dtype,
        shape: [...tensor.shape],
        sizeBytes: tensorBytes(tensor),
        sharedStorage: shared.get(tensor.storage) ?? null,
        summary,
      });
      if (summary) problems.push(...problemsOf(name, tensor, summary));
      context.report({ fraction: (index + 1) / dictionary.tensors.length, message: name });
    }
    return {
      kind: 'checkpoint',
      path: params.path,
      format: checkpoint.format,
      sizeBytes: checkpoint.sizeBytes,
      dictionaries: checkpoint.dictionaries.map(describeDictionary),
      key: dictionary.key,
      tensors,
      attributes: Object.fromEntries(checkpoint.attributes),
      notes: [...checkpoint.notes],
      problems,
    };
  } finally {
    checkpoint.dispose();
  }
}

export function describeDictionary(dictionary: TensorDictionary): CheckpointReport['dictionaries'][number] {
  return {
    key: dictionary.key,
    nTensors: dictionary.tensors.length,
    nElements: dictionary.tensors.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0),
    sizeBytes: dictionary.tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
  };
}

/** Storages used by more than one tensor, numbered in order of first use. */
function sharedStorages(dictionary: TensorDictionary): Map<unknown, number> {
  const uses = new Map<unknown, number>();
  for (const tensor of dictionary.tensors) uses.set(tensor.storage, (uses.get(tensor.storage) ?? 0) + 1);
  return new Map([...uses].filter(([, count]) => count > 1).map(([storage], index) => [storage, index]));
}

function problemsOf(name: string, tensor: Tensor, summary: TensorSummary): string[] {
  const problems: string[] = [];
  const count = elementCount(tensor.shape);
  if (summary.nNaN > 0) problems.push(`${name}: ${summary.nNaN} of ${count} values are NaN`);
  if (summary.nInfinite > 0) problems.push(`${name}: ${summary.nInfinite} of ${count} values are infinite`);
  if (count > 1 && summary.nZero === count) problems.push(`${name}: all ${count} values are zero`);
  if (name.includes('running_var') && summary.min < 0)
    problems.push(`${name}: a variance of ${summary.min} is negative`);
  return problems;
}

const histogramBins = 32;

/** Two passes over the chunks: range and moments, then the histogram. Moments in float64. */
async function summarise(tensor: Tensor, context: OperationContext): Promise<TensorSummary> {
  const pause = createYielder();
  const result: TensorSummary = {
    mean: 0,
    std: 0,
    min: Infinity,
    max: -Infinity,
    nNaN: 0,
    nInfinite: 0,
    nZero: 0,
    histogram: new Array<number>(histogramBins).fill(0),
  };
  // Sums of deviations from the first value: as cheap as plain sums, and large offsets cost no digits.
  let shift = NaN;
  let nFinite = 0;
  let sum = 0;
  let squares = 0;
  for (const values of floatChunks(tensor)) {
    throwIfCancelled(context.signal, `inspecting ${tensor.name}`);
    if (Number.isNaN(shift)) shift = values.find(value => Number.isFinite(value)) ?? NaN;
    let { min, max, nZero } = result;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (value - value !== 0) {
        if (Number.isNaN(value)) result.nNaN++;
        else result.nInfinite++;
        continue;
      }
      if (value === 0) nZero++;
      if (value < min) min = value;
      if (value > max) max = value;
      const deviation = value - shift;
      nFinite++;
      sum += deviation;
      squares += deviation * deviation;
    }
    Object.assign(result, { min, max, nZero });
    await pause();
  }
  if (nFinite === 0) return { ...result, min: 0, max: 0 };
  result.mean = shift + sum / nFinite;
  result.std = Math.sqrt(Math.max(0, squares - (sum * sum) / nFinite) / Math.max(1, nFinite - 1));
  const scale = result.max > result.min ? histogramBins / (result.max - result.min) : 0;
  for (const values of floatChunks(tensor)) {
    throwIfCancelled(context.signal, `inspecting ${tensor.name}`);
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (value - value === 0)
        result.histogram[Math.min(histogramBins - 1, Math.floor((value - result.min) * scale))]!++;
    }
    await pause();
  }
  return result;
}

function* floatChunks(tensor: Tensor): Generator<Float32Array> {
  if (!isWeightDType(tensor.dtype)) return;
  for (const chunk of tensorChunks(tensor)) yield decodeFloat32(chunk, tensor.dtype);
}

// — a folder —

async function inspectFolder(params: InspectParams, context: OperationContext): Promise<FolderReport> {
  const report = (fraction: number, message: string): void => context.report({ fraction, message } satisfies Progress);
  const dataset = await measureDataset(params.path, {
    key: params.key,
    mode: 'survey',
    signal: context.signal,
    onProgress: report,
  });
  const { structure } = dataset;
  const problems = [
    ...dataset.unreadable.map(file => file.message),
    ...dataset.differences.map(describeDifference),
    ...dataset.files.flatMap(file => {
      const nNonFinite = nonFiniteCount(file);
      return nNonFinite > 0 ? [`${file.path}: ${nNonFinite} weights are NaN or infinite`] : [];
    }),
  ];
  return {
    kind: 'folder',
    path: dataset.folder,
    nCheckpoints: dataset.files.length,
    nSkipped: dataset.nSkipped,
    nWeights: generatedCount(structure),
    nFixed: structure.parameters.filter(parameter => parameter.kind === 'fixed').length,
    key: dataset.key,
    fingerprint: dataset.fingerprint,
    parameters: structure.parameters.map(({ name, shape, dtype, kind, mean, std }) => ({
      name,
      shape: [...shape],
      dtype,
      kind,
      mean,
      std,
    })),
    tokens: countTokens(structure),
    accuracy: accuracyOf(dataset.files.map(file => file.name)),
    problems,
  };
}

const candidateDims = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384] as const;
const largestSuggestedDim = 8192; // the published models' largest with one width throughout
const acceptablePadding = 0.2;

/**
 * Tokens for a range of sizes. Suggested is the largest with at most a fifth of padding: fewer, longer tokens train faster, and
 * padding is wasted work.
 */
function countTokens(structure: Pick<Structure, 'parameters'>): TokenCount[] {
  const nWeights = generatedCount(structure);
  const counts = candidateDims
    .filter(dim => dim <= Math.max(64, nWeights))
    .map(dimPerToken => {
      const { nTokens, nPadding } = createTokenLayout(structure, dimPerToken, 'layer');
      return {
        dimPerToken,
        nTokens,
        paddingShare: nTokens > 0 ? nPadding / (nTokens * dimPerToken) : 0,
        isSuggested: false,
      };
    });
  const suitable = counts.filter(
    count => count.paddingShare <= acceptablePadding && count.dimPerToken <= largestSuggestedDim,
  );
  const suggested = suitable.at(-1) ?? counts[0];
  return counts.map(count => ({ ...count, isSuggested: count === suggested }));
}

function accuracyOf(names: readonly string[]): FolderReport['accuracy'] {
  const values = names.map(accuracyOfFileName).filter(value => value !== null);
  if (values.length === 0) return null;
  return {
    best: Math.max(...values),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    min: Math.min(...values),
  };
}
