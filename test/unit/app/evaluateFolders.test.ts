// Evaluating checkpoints as people have them: dictionaries inside files, adapter folders.
import { copyFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateDefaults } from '../../../protocol/evaluation';
import { adapterConfigAttribute, peft } from '../../../sidecar/checkpoint/peft';
import { openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { safetensors } from '../../../sidecar/checkpoint/safetensors';
import { tensorFromBytes } from '../../../sidecar/checkpoint/tensor';
import { evaluateFolders } from '../../../sidecar/app/evaluate/evaluateFolders';
import { fixtures, temporaryFolder } from '../../support/folders';
import { atOnce } from '../../../sidecar/app/context';

const quiet = { signal: new AbortController().signal, report: () => undefined, onDevice: atOnce, workspace: '.' };
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
    const { health } = await evaluateFolders(
      { ...nestedDataset(), generated: [path.join(fixtures, 'nested.pth')] },
      quiet,
    );
    expect(health.map(({ name }) => name)).toEqual(['exp_avg', 'exp_avg_sq']);
  });

  it('finds the generated network, which is written as a bare dictionary', async () => {
    const generated = path.join(temporaryFolder(), 'generated.safetensors');
    const checkpoint = openCheckpoint(path.join(fixtures, 'nested.pth'));
    const dictionary = selectDictionary(checkpoint, 'optimizer.state.0');
    await safetensors.write!(generated, { dictionary, attributes: new Map() });
    checkpoint.dispose();
    const { rows, notes } = await evaluateFolders({ ...nestedDataset(), generated: [generated] }, quiet);
    expect(notes.filter(note => note.startsWith('Left out'))).toEqual([]);
    expect(rows.find(({ group }) => group === 'generated')).toMatchObject({ count: 1, nearestDistance: 0 });
  });
});

it.each([-1, 0.5, 10_001])('refuses %d networks of each baseline', async networksPerBaseline => {
  const params = { ...nestedDataset(), generated: [], networksPerBaseline };
  await expect(evaluateFolders(params, quiet)).rejects.toThrow(/networks per baseline .* give 0 to 10000/);
});

it('tests the baselines of adapters as adapters', async () => {
  const dataset = temporaryFolder();
  for (const index of [0, 1]) {
    const adapter = path.join(dataset, `adapter-${index}`);
    const values = Float32Array.of(2, 3, 5, index);
    const tensor = tensorFromBytes('lora_A.weight', 'float32', [2, 2], new Uint8Array(values.buffer));
    const dictionary = { key: '', tensors: [tensor], moduleVersions: null };
    await peft.write!(adapter, { dictionary, attributes: new Map([[adapterConfigAttribute, '{}']]) });
  }
  const { networks } = await evaluateFolders({ ...settings, dataset, generated: [] }, quiet);
  expect(networks.filter(({ failure }) => failure !== null)).toEqual([]);
});
