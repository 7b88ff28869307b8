// `rpg evaluate`: a folder of training checkpoints, a folder of generated ones, one record of how they compare. It opens
// files and testers; the numbers are made in sidecar/evaluation.
import { statSync } from 'node:fs';
import type { EvaluateParams, EvaluationResult } from '../../../protocol/evaluation';
import { listCheckpoints } from '../../datasets/checkpointFolder';
import { measureDataset, type MeasuredDataset } from '../../datasets/measureDataset';
import { baselines, strongerNoise } from '../../evaluation/baselines/registry';
import { compareNetworks } from '../../evaluation/compareNetworks';
import type { NetworkToTest } from '../../evaluation/tester';
import { describeFileChanges, type RunDatasetFile } from '../../runs/runDataset';
import { fileError, RpgError, userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { openTester } from './openTester';
import { checkReadable, fileSource } from '../checkpoints/stateFiles';

/** What a run learned from; an evaluation tells where the originals are not that any more. */
export interface LearnedDataset {
  readonly run: string;
  readonly files: readonly RunDatasetFile[];
  /** What to try where its networks are broken; null where it shows nothing. */
  readonly advise: () => string | null;
}

/**
 * Evaluates; writes nothing but temporary files.
 * *Errors* user: no checkpoints, mixed architectures, no test for this architecture, a bad command or pattern; cancelled.
 * A generated network that cannot be read or tested is part of the result.
 */
export async function evaluateFolders(
  params: EvaluateParams,
  context: OperationContext,
  learned?: LearnedDataset,
): Promise<EvaluationResult> {
  const start = performance.now();
  const { signal } = context;
  checkCount(params.networksPerBaseline);
  context.report({ fraction: 0, message: `Reading ${params.dataset}` });
  const dataset = await measureDataset(params.dataset, { key: params.key, signal });
  const networks = (files: readonly string[]): NetworkToTest[] =>
    files.map(file => ({ path: file, source: fileSource(file, dataset.structure, dataset.key) }));
  const originals = networks(dataset.files.map(file => file.path));
  const { readable, notes } = sortOutReadable(generatedFiles(params.generated), dataset);

  const { tester, close } = params.weightsOnly ? untested : openTester(params, dataset, originals[0]!);
  try {
    const result = await compareNetworks(
      {
        structure: dataset.structure,
        originals,
        generated: networks(readable),
        tester,
        baselines,
        strongerNoise,
        advise: learned?.advise,
        networksPerBaseline: params.networksPerBaseline,
        midpoints: params.midpoints,
        seed: params.seed,
      },
      { signal, report: context.report },
    );
    return {
      ...result,
      notes: [...changeNotes(dataset, learned), ...notes, ...result.notes],
      elapsedMs: performance.now() - start,
    };
  } finally {
    await close();
  }
}

/** Each is tested; more than these would be a mistake, and would not fit an array. */
const mostPerBaseline = 10_000;

function checkCount(networksPerBaseline: number): void {
  const isPossible = Number.isInteger(networksPerBaseline) && networksPerBaseline >= 0;
  if (isPossible && networksPerBaseline <= mostPerBaseline) return;
  throw userError(
    'bad-request',
    `${networksPerBaseline} networks per baseline are not possible; give 0 to ${mostPerBaseline}`,
    { networksPerBaseline },
  );
}

function changeNotes({ files }: MeasuredDataset, learned: LearnedDataset | undefined): string[] {
  const changes = learned ? describeFileChanges(learned.files, files) : [];
  if (changes.length === 0) return [];
  const shown = changes.slice(0, 5).join(', ') + (changes.length > 5 ? ` and ${changes.length - 5} more` : '');
  return [`The originals are not the checkpoints ${learned!.run} learned: ${shown}.`];
}

const untested = { tester: null, close: () => Promise.resolve() };

function generatedFiles(generated: string | readonly string[]): string[] {
  if (typeof generated !== 'string') return [...generated];
  try {
    if (statSync(generated).isFile()) return [generated];
  } catch (error) {
    throw fileError(generated, 'read', error);
  }
  return listCheckpoints(generated).files.map(file => file.path);
}

/** A generated file that cannot be read is noted and left out; the rest is evaluated. */
function sortOutReadable(files: readonly string[], dataset: MeasuredDataset): { readable: string[]; notes: string[] } {
  const readable: string[] = [];
  const notes: string[] = [];
  for (const file of files) {
    try {
      checkReadable(file, dataset.structure, dataset.key);
      readable.push(file);
    } catch (error) {
      if (!(error instanceof RpgError) || error.blame !== 'user') throw error;
      notes.push(`Left out: ${error.message}`);
    }
  }
  return { readable, notes };
}
