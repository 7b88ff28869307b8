// axe-core judges both pages in four themes, in a narrow side bar and a wide editor tab, and leaves a screenshot of each in
// build/screenshots for people to judge.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import type { AxeResults } from 'axe-core';
import { expect, it } from 'vitest';
import { repository } from '../support/folders';
import { describePages } from './support/browserTests';
import { exampleCheckpoint } from './support/exampleCheckpoint';
import { exampleConfig, exampleMetrics, exampleRun, exampleState, exampleView } from './support/exampleStates';
import { themes, type Theme } from './support/themes';
import type { View } from './support/viewPage';

const screenshots = path.join(repository, 'build', 'screenshots');
mkdirSync(screenshots, { recursive: true });
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe calls serious or critical, one line each. */
async function seriousFindings(view: View): Promise<string[]> {
  await view.page.evaluate(axeSource);
  const results = await view.page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResults> } }; // the cast: just put there
    return axe.run();
  });
  expect(results.passes.length).toBeGreaterThan(10); // it did look
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}

async function showResults(view: View): Promise<void> {
  const config = exampleConfig();
  const second = exampleView('0002-fashion', 'finished', {
    config: { ...config, training: { ...config.training, learningRate: 0.001 } },
  });
  const reason = 'This workspace is not trusted: test commands do not run.';
  const job = { id: 'j1', title: 'Generating', run: null, fraction: 0.4, message: '4 of 10', canCancel: true };
  await view.send({
    kind: 'state',
    state: exampleState([exampleView('0003-fashion', 'running', { blocked: { evaluate: reason } }), second], {
      jobs: [job],
    }),
  });
  for (const run of ['0003-fashion', '0002-fashion'])
    await view.send({ kind: 'metrics', ...exampleMetrics(run, 0, 1234) });
  await view.page.locator('.line-chart canvas').first().waitFor();
  await view.page.locator('.svg-chart svg').nth(1).waitFor();
}

async function showCheckpoint(view: View): Promise<void> {
  await view.send({ kind: 'state', state: exampleCheckpoint(1000) });
  await view.page.getByText('layers.1.self_attention.weight').click();
  await view.page.locator('.svg-chart svg').waitFor();
}

const places = [
  { place: 'sideBar', widthPx: 300 },
  { place: 'editor', widthPx: 1280 },
] as const;

const cases = themes.flatMap(theme => places.map(place => [theme.name, `${place.widthPx}`, theme, place] as const));

describePages('Without serious accessibility findings', open => {
  it.each(cases)('results, %s, %s px', async (name, width, theme: Theme, place) => {
    const view = await open({ ...place, theme });
    await showResults(view);
    await view.page.screenshot({ path: path.join(screenshots, `results-${name}-${width}.png`), fullPage: true });
    expect(await seriousFindings(view)).toEqual([]);
    expect(await overflow(view)).toBe(0);
  });

  it.each(cases)('checkpoint, %s, %s px', async (name, width, theme: Theme, place) => {
    const view = await open({ ...place, theme, kind: 'checkpoint', place: 'editor' });
    await showCheckpoint(view);
    await view.page.screenshot({ path: path.join(screenshots, `checkpoint-${name}-${width}.png`), fullPage: true });
    expect(await seriousFindings(view)).toEqual([]);
    expect(await overflow(view)).toBe(0);
  });

  it.each([
    ['empty', { ...exampleState([]), runs: [], nDatasets: 0 }],
    ['no-run-selected', { ...exampleState([]), runs: [exampleRun('0001-a', 'finished')] }],
    [
      'failed',
      {
        ...exampleState([]),
        runs: [],
        status: { kind: 'failed', problem: { message: 'The sidecar ended.', actions: ['retry', 'showLog'] } },
      },
    ],
    ['not-evaluated', exampleState([exampleView('0002-fashion', 'running', { evaluation: null, samples: [] })])],
  ])('results when %s', async (name, state) => {
    const view = await open({ widthPx: 300, heightPx: 700 });
    await view.send({ kind: 'state', state });
    await view.page.locator('vscode-button, .run, select').first().waitFor();
    await view.page.screenshot({ path: path.join(screenshots, `results-${name}.png`), fullPage: true });
    expect(await seriousFindings(view)).toEqual([]);
  });

  it('results with every table open', async () => {
    const view = await open({ widthPx: 600 });
    await showResults(view);
    for (const summary of await view.page.locator('summary:visible').all()) {
      if (!(await summary.locator('..').evaluate(node => (node as HTMLDetailsElement).open))) await summary.click(); // the cast: a summary's parent
    }
    await view.page.locator('#table-closest').waitFor();
    // A title wider than its column would be cut by the next one.
    const cut = await view.page
      .locator('thead th')
      .evaluateAll(all =>
        all
          .filter(each => each.firstElementChild && each.firstElementChild.scrollWidth > each.clientWidth + 1)
          .map(each => each.textContent),
      );
    expect(cut).toEqual([]);
    await view.page.screenshot({ path: path.join(screenshots, 'results-tables.png'), fullPage: true });
    expect(await seriousFindings(view)).toEqual([]);
  });

  it('draws everything again in the colours of a theme chosen while the page is open', async () => {
    const view = await open({ widthPx: 600 });
    await showResults(view);
    const colors = (): Promise<(string | null)[]> =>
      view.page
        .locator('.svg-chart svg circle[fill]:not([fill="none"])')
        .evaluateAll(all => [...new Set(all.map(each => each.getAttribute('fill')))]);
    expect(await colors()).toEqual(['#3794ff']);
    await view.setTheme(themes[1]!);
    await expect.poll(colors).toEqual(['#1a85ff']);
    expect(await seriousFindings(view)).toEqual([]);
  });
});

/** Pixels the page is wider than its window; tables scroll inside their own frames. */
const overflow = (view: View): Promise<number> =>
  view.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
