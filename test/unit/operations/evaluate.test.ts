// Evaluating checkpoints as people have them: dictionaries inside files, adapter folders.
import { copyFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateDefaults } from '../../../protocol/evaluation';
import { evaluate } from '../../../sidecar/operations/evaluate';
import { fixtures, temporaryFolder } from '../../support/folders';

const quiet = { signal: new AbortController().signal, report: () => undefined, workspace: '.' };
const settings = {
  ...evaluateDefaults,
  testCommand: `${process.execPath} -e "console.log('Acc: 0.5')"`,
  networksPerBaseline: 1,
};

/** Two checkpoints with a model and its optimizer's state, of which the latter is meant. */
function nestedDataset() {
  const dataset = temporaryFolder();
  for (const name of ['a.pth', 'b.pth']) copyFileSync(path.join(fixtures, 'nested.pth'), path.join(dataset, name));
  return { ...settings, dataset, key: 'optimizer.state.0' };
}

describe('evaluating nested checkpoints', () => {
  it('judges the tensor dictionary the dataset was registered with', async () => {
    const { health } = await evaluate({ ...nestedDataset(), generated: [path.join(fixtures, 'nested.pth')] }, quiet);
    expect(health.map(({ name }) => name)).toEqual(['exp_avg', 'exp_avg_sq']);
  });
});
