// `rpg evaluate`: a folder of training checkpoints, a folder of generated ones, one record of how they compare. It opens
// files and testers; the numbers are made in sidecar/evaluation.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import type { EvaluateParams, EvaluationResult } from '../../protocol/evaluation';
import { listCheckpoints } from '../datasets/checkpointFolder';
import { measureDataset, type MeasuredDataset } from '../datasets/measureDataset';
import { baselines } from '../evaluation/baselines/registry';
import { builtInTester } from '../evaluation/builtInTest';
import { evaluate as evaluateNetworks } from '../evaluation/evaluate';
import { externalTester } from '../evaluation/externalTest';
import type { NetworkToTest, Tester } from '../evaluation/tester';
import { stateOfSource } from '../evaluation/weightSource';
import { fileError, RpgError, userError } from '../util/rpgError';
import { packagedDatasetFolder, readTestImages } from '../zoo/imageData';
import { recipeOfState } from '../zoo/recipes/registry';
import { openTestPool } from '../zoo/zooThreads';
import type { OperationContext } from './context';
import { checkReadable, fileSource, writeLike } from './stateFiles';

/**
 * Evaluates; writes nothing but temporary files.
 * *Errors* user: no checkpoints, mixed architectures, no test for this architecture, a bad command or pattern; cancelled.
 * A generated network that cannot be read or tested is part of the result.
 */
export async function evaluate(params: EvaluateParams, context: OperationContext): Promise<EvaluationResult> {
  const start = performance.now();
  const { signal } = context;
  context.report({ fraction: 0, message: `Reading ${params.dataset}` });
  const dataset = await measureDataset(params.dataset, { signal });
  const networks = (files: readonly string[]): NetworkToTest[] =>
    files.map(file => ({ path: file, source: fileSource(file, dataset.structure, dataset.key) }));
  const originals = networks(dataset.files.map(file => file.path));
  const { readable, notes } = sortOutReadable(generatedFiles(params.generated), dataset);

  const { tester, close } = openTester(params, dataset, originals[0]!);
  try {
    const result = await evaluateNetworks(
      {
        structure: dataset.structure,
        originals,
        generated: networks(readable),
        tester,
        baselines,
        networksPerBaseline: params.networksPerBaseline,
        midpoints: params.midpoints,
        seed: params.seed,
      },
      { signal, report: context.report },
    );
    return { ...result, notes: [...notes, ...result.notes], elapsedMs: performance.now() - start };
  } finally {
    await close();
  }
}

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

interface OpenTester {
  readonly tester: Tester;
  readonly close: () => Promise<void>;
}

function openTester(params: EvaluateParams, dataset: MeasuredDataset, first: NetworkToTest): OpenTester {
  return params.testCommand === null ? openBuiltIn(dataset, first) : openExternal(params.testCommand, params, dataset);
}

function openBuiltIn({ structure, folder }: MeasuredDataset, first: NetworkToTest): OpenTester {
  const recipe = recipeOfState(stateOfSource(structure, first.source));
  if (recipe === null)
    throw userError(
      'no-test',
      `${folder}: no built-in test knows this architecture; give a test command, such as --test "python test.py {file}"`,
      { folder },
    );
  const images = readTestImages(packagedDatasetFolder(recipe.dataset));
  const pool = openTestPool(recipe.network, images, availableParallelism());
  return {
    tester: builtInTester(recipe, structure, images, pool),
    close: () => pool.dispose(),
  };
}

function openExternal(command: string, params: EvaluateParams, dataset: MeasuredDataset): OpenTester {
  const temporary = mkdtempSync(path.join(tmpdir(), 'rpg-evaluate-'));
  const template = dataset.files[0]!.path;
  const extension = path.extname(template);
  let count = 0;
  const tester = externalTester({
    command,
    cwd: path.basename(dataset.folder) === 'checkpoint' ? path.dirname(dataset.folder) : dataset.folder,
    timeLimitMs: params.timeLimitSeconds * 1000,
    concurrency: params.concurrency,
    accuracyPattern: params.accuracyPattern ?? undefined,
    writeTemporary: async ({ source }) => {
      const file = path.join(temporary, `network-${++count}${extension}`);
      await writeLike(template, dataset.key, dataset.structure, source, file);
      return { path: file, remove: () => rmSync(file, { force: true, recursive: true }) };
    },
  });
  return {
    tester,
    close: async () => rmSync(temporary, { force: true, recursive: true }),
  };
}
