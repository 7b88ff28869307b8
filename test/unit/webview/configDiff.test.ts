// The configurations of compared runs, field by field.
import { describe, expect, it } from 'vitest';
import { configRows } from '../../../webview/configDiff';
import { exampleConfig, exampleView } from '../../webview/support/exampleStates';

describe('the rows of compared configurations', () => {
  const plain = exampleConfig();
  const changed = exampleConfig({
    name: '',
    diffusion: { ...plain.diffusion, diffusionBatch: 512 },
    training: { ...plain.training, precision: 'bfloat16', bfloat16Steps: [5, 9] },
  });
  const rows = configRows([plain, changed].map(config => exampleView('0001-a', 'finished', { config })));
  const row = (path: string) => rows.find(each => each.path === path);

  it('say what nothing means for each field, and units where there is a value', () => {
    expect(row('diffusion.diffusionBatch')).toMatchObject({ values: ['all', '512 rows'], isDifferent: true });
    expect(row('training.bfloat16Steps')).toMatchObject({ values: ['no window', '5, 9 steps'], isDifferent: true });
    expect(row('name')?.values).toEqual(['(empty)', '(empty)']);
  });

  it('tell which fields differ', () => {
    expect(rows.filter(({ isDifferent }) => isDifferent).map(({ path }) => path)).toEqual([
      'diffusion.diffusionBatch',
      'training.precision',
      'training.bfloat16Steps',
    ]);
  });

  it('have a dash for a field that a run of an older version does not know', () => {
    const { bfloat16Steps: _, ...older } = plain.training;
    // The cast: what an older run's record holds.
    const config = { ...plain, training: older } as typeof plain;
    const [found] = configRows([exampleView('0001-a', 'finished', { config })]).filter(
      ({ path }) => path === 'training.bfloat16Steps',
    );
    expect(found?.values).toEqual(['—']);
  });
});
