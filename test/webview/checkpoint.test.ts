// The checkpoint page shows what was read of a file, in every state, and asks for more.
import { expect, it } from 'vitest';
import type { CheckpointState } from '../../protocol/checkpointView';
import { describePages, intentsOf } from './support/browserTests';
import { exampleCheckpoint } from './support/exampleCheckpoint';

describePages('The checkpoint page', open => {
  it('says what is read, how far it is, and lets it be cancelled', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    expect(await view.posted()).toEqual([{ kind: 'ready' }]);
    await view.send({ kind: 'state', state: { kind: 'loading', path: '/zoo/big.safetensors' } });
    await view.send({ kind: 'progress', fraction: 0.5, message: 'Reading 50 of 100 tensors' });
    await view.page.getByText('Reading 50 of 100 tensors').waitFor();
    await view.page.getByRole('button', { name: 'Cancel' }).click();
    expect(await intentsOf(view, 'cancel')).toHaveLength(1);
  });

  it('says why a file cannot be shown, and offers to try again', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    const problem = { message: 'big.pth is not a checkpoint: no archive directory.', actions: ['retry'] as const };
    await view.send({ kind: 'state', state: { kind: 'failed', path: '/zoo/big.pth', problem } });
    await view.page.getByText('no archive directory').waitFor();
    await view.page.getByRole('button', { name: 'Try Again' }).click();
    expect(await intentsOf(view, 'command')).toEqual([{ kind: 'command', command: 'retry' }]);
  });

  it('filters by name, type and shape together, and keeps the filter over a reload', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    await view.send({ kind: 'state', state: exampleCheckpoint(1000) });
    await view.page.getByRole('searchbox').fill('layers.1 bfloat16 7');
    await view.page.getByText(/^\d+ of 1,000 tensors$/).waitFor();
    const types = await view.page.locator('.grid-row:not([hidden]) > :nth-child(2)').allTextContents();
    expect(new Set(types)).toEqual(new Set(['bfloat16']));
    await view.page.reload();
    await view.send({ kind: 'state', state: exampleCheckpoint(1000) });
    await view.page.getByText(/^\d+ of 1,000 tensors$/).waitFor();
    expect(await view.page.getByRole('searchbox').inputValue()).toBe('layers.1 bfloat16 7');
  });

  it('sorts by size both ways and then as the file has it', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    await view.send({ kind: 'state', state: exampleCheckpoint(50) });
    const firstSize = (): Promise<string | null> =>
      view.page.locator('.grid-row[aria-rowindex="2"] > :nth-child(4)').textContent();
    const header = view.page.getByRole('columnheader', { name: 'Size' }).getByRole('button');
    await header.click();
    expect(await firstSize()).toBe('256 B');
    await header.click();
    expect(await firstSize()).toBe('2.8 kB');
    await header.click();
    expect(await view.page.locator('.grid-row[aria-rowindex="2"] > :first-child').textContent()).toContain('layers.0.');
  });

  it('has room for the title of every column, and ends it where its numbers end', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor', widthPx: 1280 });
    await view.send({ kind: 'state', state: exampleCheckpoint(3) });
    await view.page.getByRole('columnheader', { name: 'Size' }).waitFor();
    const overhangs = await view.page
      .getByRole('columnheader')
      .evaluateAll(headers => headers.map(header => header.scrollWidth - header.clientWidth));
    expect(overhangs).toEqual(overhangs.map(() => 0));
  });

  it('shows the distribution of the chosen tensor and what it shares memory with', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    await view.send({ kind: 'state', state: exampleCheckpoint(20) });
    await view.page.getByText('layers.1.self_attention.weight').click();
    await view.page.getByText('Shares its memory with layers.0.self_attention.weight.').waitFor();
    expect(await view.page.locator('.svg-chart rect').count()).toBe(32);
    await view.page.getByText('layers.6.self_attention.weight').click();
    await view.page.getByText('No statistics').waitFor();
  });

  it('asks for another dictionary, for statistics, and for a comparison', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    const state = exampleCheckpoint(20) as CheckpointState & { kind: 'ready' }; // the cast: it is
    await view.send({ kind: 'state', state: { ...state, statistics: 'no' } });
    await view.page.getByLabel('Tensor dictionary shown').selectOption('ema');
    await view.page.getByRole('button', { name: 'Read Statistics' }).click();
    await view.page.getByRole('button', { name: 'Compare With…' }).click();
    expect((await view.posted()).slice(1)).toEqual([
      { kind: 'selectDictionary', key: 'ema' },
      { kind: 'readStatistics' },
      { kind: 'compare' },
    ]);
  });

  it('shows the problems of the file', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    await view.send({ kind: 'state', state: exampleCheckpoint(20) });
    expect(await view.page.getByRole('list', { name: 'Problems' }).textContent()).toContain(
      '2 values that are not numbers',
    );
  });
});
