// Everything the mouse can do on the pages, the keyboard can: sorting, reading charts, zooming, walking ten thousand rows.
import { expect, it } from 'vitest';
import type { RunView } from '../../protocol/view';
import type { View } from './support/viewPage';
import { describePages, intentsOf } from './support/browserTests';
import { exampleCheckpoint } from './support/exampleCheckpoint';
import { exampleMetrics, exampleState, exampleView } from './support/exampleStates';

async function press(view: View, ...keys: string[]): Promise<void> {
  for (const key of keys) await view.page.keyboard.press(key);
}

/** What a chart says about the place its keyboard cursor is at. */
const spoken = async (view: View, chart: string): Promise<string> =>
  (await view.page.locator(chart).first().getAttribute('aria-valuetext')) ?? '';

describePages('By keyboard', open => {
  it('reaches every control of the results once, in order, with a visible focus', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 50) });
    await view.page.locator('.line-chart canvas').first().waitFor();
    const seen: string[] = [];
    for (let stop = 0; stop < 200; stop++) {
      await press(view, 'Tab');
      const found = await view.page.evaluate(() => {
        let focused = document.activeElement;
        const host = focused;
        while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
        if (!host || host === document.body) return null;
        const box = host.getBoundingClientRect();
        return {
          name: host.getAttribute('aria-label') ?? host.getAttribute('label') ?? host.textContent,
          isVisible: box.width > 0 && box.height > 0,
          isMarked: [host, focused].some(each => each !== null && getComputedStyle(each).outlineStyle !== 'none'),
        };
      });
      if (!found) break;
      expect(found).toMatchObject({ isVisible: true, isMarked: true });
      seen.push(found.name.trim());
    }
    expect(seen.slice(0, 4)).toEqual(['Run shown', 'Stop', 'Generate…', 'Evaluate…']);
    expect(seen).toContain('Export the evaluation as XLSX');
    expect(seen.filter(name => name.startsWith('IoU of wrong predictions'))).toHaveLength(1);
    expect(seen.at(-1)).toMatch(/generated_fashion_0002/);
  });

  it('sorts a table by its header, numbers first from the top', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.page.locator('#table-similarity').getByRole('button', { name: 'Max IoU' }).focus();
    await press(view, 'Enter');
    const first = view.page.locator('#table-similarity tbody tr').first();
    expect(await first.locator('th').textContent()).toBe('Originals');
    await press(view, 'Enter');
    expect(await first.locator('th').textContent()).toBe('Noise 0.1');
  });

  it('keeps the focus on a control that changes what is shown', async () => {
    const view = await open();
    const focused = (): Promise<string | null> =>
      view.page.evaluate(
        () =>
          document.activeElement?.getAttribute('label') ?? document.activeElement?.getAttribute('aria-label') ?? null,
      );
    const run = exampleView('0002-fashion');
    const all = ['0002', '0001'].map(id => ({ id, createdAt: '2026-01-05T12:00:00.000Z' }));
    const judged = (id: string, createdAt: string): RunView => ({
      ...run,
      evaluation: { ...run.evaluation!, id, createdAt, all },
    });
    await view.send({ kind: 'state', state: exampleState([judged('0002', '2026-01-05T12:00:00.000Z')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 50) });
    await view.page.locator('.line-chart canvas').first().waitFor();

    const evaluations = view.page.getByLabel('Evaluation shown');
    expect(await evaluations.locator('option').first().textContent()).toMatch(/^0002 · Jan 5, 2026/); // as beside it
    await evaluations.focus();
    await press(view, 'ArrowDown');
    const earlier = judged('0001', '2025-07-05T12:00:00.000Z');
    await view.send({ kind: 'changed', parts: { selected: [earlier] } });
    await view.page.getByText('Jul 5, 2025').waitFor();
    expect(await focused()).toBe('Evaluation shown');

    await view.page.getByText('Compare with…').click();
    await view.page.locator('vscode-checkbox[label^="0001-fashion"]').focus();
    await press(view, 'Space');
    await view.send({ kind: 'changed', parts: { selected: [earlier, exampleView('0001-fashion')] } });
    await view.page.getByText('Compare with… (1)').waitFor();
    expect(await focused()).toMatch(/^0001-fashion/);

    for (const label of ['Logarithmic', 'Only differences']) {
      await view.page.locator(`vscode-checkbox[label="${label}"]`).focus();
      await press(view, 'Space');
      expect(await focused()).toBe(label);
    }
  });

  it('reads the loss, zooms in and out again', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 2000) });
    await view.page.locator('.line-chart canvas').first().waitFor();
    await view.page.locator('.line-chart').first().focus();
    await press(view, 'Home');
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 1: loss 1\.?\d*, smoothed/);
    await press(view, 'ArrowRight', '+', '+', 'End');
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 5\d\d: /);
    await press(view, '0', 'End');
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 2,000: /);
  });

  it('reads of compared runs only those that have come so far, and of the next run its own steps', async () => {
    const view = await open();
    const [long, short] = [exampleView('0002-fashion'), exampleView('0001-fashion')];
    await view.send({ kind: 'state', state: exampleState([long, short]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 500) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0001-fashion', 0, 300) });
    await view.page.locator('.legend li', { hasText: 'smoothed of 0001-fashion' }).waitFor();
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 500: smoothed of 0002-fashion [\d.]+$/);
    await view.page.locator('.line-chart').first().focus();
    await press(view, 'Home');
    expect(await spoken(view, '.line-chart')).toMatch(
      /^Step 1: smoothed of 0002-fashion 1, smoothed of 0001-fashion 1$/,
    );
    await press(view, 'End', '+', '+');
    await view.send({ kind: 'changed', parts: { selected: [short] } });
    await view.page.locator('.legend li', { hasText: /^loss$/ }).waitFor();
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 300: loss/);
    await press(view, 'Home');
    expect(await spoken(view, '.line-chart')).toMatch(/^Step 1: loss/);
  });

  it('walks the marks of the scatter and the cells of the heat map', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.page.locator('.svg-chart svg').first().waitFor();
    await view.page.locator('.svg-chart').first().focus();
    await press(view, 'ArrowRight', 'ArrowRight');
    expect(await spoken(view, '.svg-chart')).toMatch(
      /^originals-0002\.pth \(Originals\): accuracy 8\d\.\d\d %, highest IoU 0\.9/,
    );
    await press(view, 'End');
    expect(await spoken(view, '.svg-chart')).toMatch(/^per-weight Gaussian-0010\.pth/);
    await view.page.locator('.heat-map').focus();
    await press(view, 'ArrowRight', 'ArrowRight', 'ArrowDown', 'PageDown');
    expect(await spoken(view, '.heat-map')).toMatch(
      /^generated-0010\.pth \(generated\) × originals-0002\.pth \(original\): IoU 0\.\d{3}$/,
    );
    await press(view, 'Escape');
    expect(await spoken(view, '.heat-map')).toMatch(/^Point at a cell/);
  });

  it('cancels with Enter on a button of the component library', async () => {
    const view = await open();
    const job = { id: 'j1', title: 'Generating', run: null, fraction: null, message: '', end: 'cancel' as const };
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')], { jobs: [job] }) });
    await view.page.getByRole('button', { name: 'Cancel Generating' }).focus();
    await press(view, 'Enter');
    expect(await intentsOf(view, 'cancel')).toEqual([{ kind: 'cancel', job: 'j1' }]);
  });

  it('walks ten thousand tensors, with few rows as elements', async () => {
    const view = await open({ kind: 'checkpoint', place: 'editor' });
    await view.send({ kind: 'state', state: exampleCheckpoint(10_000) });
    const grid = view.page.getByRole('grid', { name: 'Tensors' });
    await grid.focus();
    await press(view, 'End');
    await view.page.getByRole('heading', { name: 'layers.9999.self_attention.weight' }).waitFor();
    expect(await grid.getAttribute('aria-rowcount')).toBe('10001');
    const activeId = await grid.getAttribute('aria-activedescendant');
    expect(await view.page.locator(`[id="${activeId!}"]`).getAttribute('aria-rowindex')).toBe('10001');
    expect(await view.page.locator('.grid-row').count()).toBeLessThan(100);
    await press(view, 'ArrowUp');
    await view.page.getByRole('heading', { name: 'layers.9998.self_attention.weight' }).waitFor();
  });
});
