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
  const job = { id: 'j1', title: 'Generating', run: null, fraction: 0.4, message: '4 of 10', end: 'cancel' as const };
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
    await view.page.locator('#table-closest').first().waitFor();
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

  it.each(themes.map(theme => [theme.name, theme] as const))(
    'curves stand out from the background in %s, and the grid stays behind them',
    async (_, theme) => {
      const view = await open({ widthPx: 600, theme });
      await view.send({ kind: 'state', state: exampleState([exampleView('0003-fashion')]) });
      await view.send({ kind: 'metrics', ...exampleMetrics('0003-fashion', 0, 200) });
      await view.page.locator('.section-training .legend li', { hasText: 'smoothed' }).waitFor();
      await view.page.locator('.section-similarity .svg-chart svg').waitFor();
      const { lines, grid, background } = await view.page.evaluate(() => {
        const paint = (color: string, under: string): number[] => {
          const canvas = document.createElement('canvas').getContext('2d')!;
          for (const style of [under, color]) {
            canvas.fillStyle = style;
            canvas.fillRect(0, 0, 1, 1);
          }
          return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        };
        const under = getComputedStyle(document.body).getPropertyValue('--chart-background');
        const strokes = [...document.querySelectorAll('.section-training .legend:not([hidden]) line')].map(line =>
          line.getAttribute('stroke')!,
        );
        const faint = document.querySelector('.section-similarity .svg-chart svg g line')!.getAttribute('stroke')!;
        return {
          lines: strokes.map(stroke => paint(stroke, under)),
          grid: paint(faint, under),
          background: paint(under, under),
        };
      });
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(contrast(line, background)).toBeGreaterThan(3);
      expect(contrast(grid, background)).toBeGreaterThan(1.2);
      expect(contrast(grid, background)).toBeLessThan(2.6);
    },
  );

  it('draws everything again in the colours of a theme chosen while the page is open', async () => {
    const view = await open({ widthPx: 600 });
    await showResults(view);
    const colors = (): Promise<(string | null)[]> =>
      view.page
        .locator('.svg-chart svg circle[fill]:not([fill="none"])')
        .evaluateAll(all => [...new Set(all.map(each => each.getAttribute('fill')))]);
    expect(await colors()).toEqual(['rgb(89, 164, 249)']);
    await view.setTheme(themes[1]!);
    await expect.poll(colors).toEqual(['rgb(0, 99, 211)']);
    expect(await seriousFindings(view)).toEqual([]);
  });
});

/** Contrast of two colours by WCAG 2: 1 for equal ones, 21 for black and white. */
function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (color: readonly number[]): number => {
    const [red, green, blue] = color.map(channel => {
      const value = channel / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

/** Pixels the page is wider than its window; tables scroll inside their own frames. */
const overflow = (view: View): Promise<number> =>
  view.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
