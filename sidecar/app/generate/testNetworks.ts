// Tests generated networks with the dataset's own test: the registered command, or the built-in test of the architecture.
import * as path from 'node:path';
import { evaluateDefaults } from '../../../protocol/evaluation';
import type { NetworkTest } from '../../../protocol/generation';
import type { RunRecord } from '../../../protocol/runRecords';
import { testAll } from '../../evaluation/testAll';
import type { RunDatasetRecord } from '../../runs/runDataset';
import { RpgError } from '../../util/rpgError';
import { openTester, registeredTest, type OpenTester } from '../evaluate/openTester';
import { fileSource } from '../checkpoints/stateFiles';

export interface TestInput {
  workspace: string;
  record: RunRecord;
  dataset: RunDatasetRecord;
  files: readonly string[];
  /** The defaults of an evaluation where they are absent. */
  timeLimitSeconds?: number;
  accuracyPattern?: string;
  onTested: (done: number) => void;
  signal: AbortSignal;
}

/**
 * One result a file, in order. Networks are worth having without a test: where there is none, or it fails, that is each
 * network's `problem`.
 * *Errors* cancelled; internal.
 */
export async function testNetworks(input: TestInput): Promise<NetworkTest[]> {
  const { dataset, files, signal, onTested } = input;
  const { timeLimitSeconds = evaluateDefaults.timeLimitSeconds } = input;
  const registered = registeredTest(input.workspace, input.record);
  const networks = files.map(file => ({ path: file, source: fileSource(file, dataset.structure, dataset.key) }));
  let opened: OpenTester;
  try {
    const originals = dataset.files.map(({ name }) => ({ path: path.join(dataset.folder, name) }));
    const settings = {
      testCommand: registered.testCommand,
      accuracyPattern: input.accuracyPattern ?? registered.accuracyPattern,
      timeLimitSeconds,
      concurrency: 1,
    };
    opened = openTester(settings, { ...dataset, files: originals }, networks[0]!);
  } catch (error) {
    if (!(error instanceof RpgError) || error.blame !== 'user') throw error;
    return files.map(() => ({ accuracy: null, loss: null, problem: error.message }));
  }
  try {
    const records = await testAll(opened.tester, networks, { signal, onTested });
    return records.map(({ outcome, failure }) => ({
      accuracy: outcome?.accuracy ?? null,
      loss: outcome?.loss ?? null,
      problem: failure,
    }));
  } finally {
    await opened.close();
  }
}
