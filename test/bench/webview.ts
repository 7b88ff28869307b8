// The results page in Chromium: how long until the first paint shows results, and how long a frame takes while points arrive at
// a curve that already has a hundred thousand; then scrolling ten thousand tensors of the checkpoint page.
import * as path from 'node:path';
import type { Browser } from 'playwright-core';
import { exampleCheckpoint } from '../webview/support/exampleCheckpoint';
import { exampleMetrics, exampleState, exampleView } from '../webview/support/exampleStates';
import { themes } from '../webview/support/themes';
import { browserPath, noBrowserReason, openBrowser, openView } from '../webview/support/viewPage';

const nPoints = 100_000;
const nFrames = 200;
const pointsPerFrame = 10;
const nFirstPaints = 5;

/** Argument: folder of the built pages, dist/webview by default. */
export async function benchWebview([built]: readonly string[]): Promise<void> {
  if (browserPath === null) {
    console.log(`not measured: ${noBrowserReason}`);
    return;
  }
  const folder = built ?? path.join(process.env.RPG_ROOT ?? process.cwd(), 'dist', 'webview');
  const browser = await openBrowser(browserPath);
  try {
    console.log(`${browser.browserType().name()} ${browser.version()}, software rendering, 1200 × 900`);
    await benchFirstPaint(browser, folder);
    await benchLivePoints(browser, folder);
    await benchTensors(browser, folder);
  } finally {
    await browser.close();
  }
}

const page = (kind: 'results' | 'checkpoint', built: string) =>
  ({ kind, place: 'editor', built, theme: themes[0]!, widthPx: 1200, heightPx: 900 }) as const;

/** From the start of navigation to the frame after the state was drawn; the state is posted when the page asks. */
async function benchFirstPaint(browser: Browser, built: string): Promise<void> {
  const totals: number[] = [];
  const draws: number[] = [];
  for (let repeat = 0; repeat < nFirstPaints; repeat++) {
    const view = await openView(browser, page('results', built));
    const asked = await view.page.evaluate(() => performance.now());
    const drawn = await view.page.evaluate(
      async text => {
        const start = performance.now();
        window.postMessage(JSON.parse(text) as unknown, '*');
        while (!document.querySelector('#table-accuracy')) await new Promise(resolve => requestAnimationFrame(resolve));
        await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
        return performance.now() - start;
      },
      JSON.stringify({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) }),
    );
    totals.push(asked + drawn);
    draws.push(drawn);
    await view.close();
  }
  console.log(
    `first paint of Results: ${milliseconds(totals)} from navigation, of which ${milliseconds(draws)} from the state's arrival to the frame that shows it (median and worst of ${nFirstPaints})`,
  );
}

/** Script time of a frame in which points arrived, and the time from frame to frame. */
async function benchLivePoints(browser: Browser, built: string): Promise<void> {
  const view = await openView(browser, page('results', built));
  await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
  await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, nPoints) });
  await view.page.getByText(/^Step 100,000: loss/).waitFor();
  const { work, interval } = await view.page.evaluate(measureFrames, {
    chunks: Array.from({ length: nFrames }, (_, index) =>
      JSON.stringify({
        kind: 'metrics',
        ...exampleMetrics('0002-fashion', nPoints + index * pointsPerFrame, pointsPerFrame),
      }),
    ),
  });
  console.log(
    `live loss, ${nPoints.toLocaleString('en-US')} points and ${pointsPerFrame} more each frame, ${nFrames} frames: script ${percentiles(work)} a frame (goal: 16 ms); frame to frame ${percentiles(interval)}`,
  );
  await view.close();
}

/**
 * Runs in the page. The work of a frame is taking the message in and everything from the page's frame callback to ours, which was
 * asked for later: uPlot draws in a microtask between the two. What the browser does with the drawn canvas is in `interval`.
 */
async function measureFrames({ chunks }: { chunks: string[] }): Promise<{ work: number[]; interval: number[] }> {
  const work: number[] = [];
  const interval: number[] = [];
  const nextFrame = window.requestAnimationFrame.bind(window);
  let drawStart = 0;
  window.requestAnimationFrame = callback =>
    nextFrame(now => {
      drawStart = performance.now();
      callback(now);
    });
  let last = 0;
  for (const chunk of chunks) {
    const data: unknown = JSON.parse(chunk);
    const receiveStart = performance.now();
    window.dispatchEvent(new MessageEvent('message', { data }));
    const receiveMs = performance.now() - receiveStart;
    await new Promise<void>(resolve => {
      nextFrame(now => {
        work.push(receiveMs + performance.now() - drawStart);
        if (last > 0) interval.push(now - last);
        last = now;
        resolve();
      });
    });
  }
  return { work, interval };
}

async function benchTensors(browser: Browser, built: string): Promise<void> {
  const view = await openView(browser, page('checkpoint', built));
  const shownMs = await view.page.evaluate(
    async text => {
      const message: unknown = JSON.parse(text);
      const start = performance.now();
      window.postMessage(message, '*');
      while (!document.querySelector('.grid-row')) await new Promise(resolve => requestAnimationFrame(resolve));
      return performance.now() - start;
    },
    JSON.stringify({ kind: 'state', state: exampleCheckpoint(10_000) }),
  );
  const { work, interval } = await view.page.evaluate(measureScrolling);
  console.log(
    `10,000 tensors: ${shownMs.toFixed(0)} ms from the report's arrival to the rows; scrolled by 5 rows a frame: script, style and layout ${percentiles(work)} a frame; frame to frame ${percentiles(interval)}`,
  );
  await view.close();
}

/** Runs in the page. The work of a frame is the page's own frame callback, and style and layout after it. */
async function measureScrolling(): Promise<{ work: number[]; interval: number[] }> {
  const work: number[] = [];
  const interval: number[] = [];
  const grid = document.querySelector('.grid')!;
  const nextFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = callback =>
    nextFrame(now => {
      const start = performance.now();
      callback(now);
      grid.lastElementChild!.lastElementChild!.getBoundingClientRect();
      work.push(performance.now() - start);
    });
  let last = 0;
  for (let frame = 0; frame < 120; frame++) {
    grid.scrollTop += 120; // a fast wheel
    const now = await new Promise<number>(nextFrame);
    if (last > 0) interval.push(now - last);
    last = now;
  }
  return { work, interval };
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], share: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(share * values.length))]!;
const milliseconds = (values: readonly number[]): string =>
  `${quantile(values, 0.5).toFixed(0)} ms (worst ${Math.max(...values).toFixed(0)})`;
const percentiles = (values: readonly number[]): string =>
  `median ${quantile(values, 0.5).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} ms, worst ${Math.max(...values).toFixed(1)} ms`;
