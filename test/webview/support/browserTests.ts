// What every browser test begins with: one Chromium a file, a fresh page a test, and after each the check that the page broke
// neither its security policy nor a script.
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { Browser } from 'playwright-core';
import * as path from 'node:path';
import { repository } from '../../support/folders';
import { browserPath, noBrowserReason, openBrowser, openView, type View, type ViewOptions } from './viewPage';
import { themes } from './themes';

if (browserPath === null) console.warn(`skipped: ${noBrowserReason}`);

type Open = (options?: Partial<Omit<ViewOptions, 'built'>>) => Promise<View>;

/** Describes tests of the built pages; `open` opens one, by default the results in a dark side bar 400 pixels wide. */
export function describePages(title: string, body: (open: Open) => void): void {
  describe.skipIf(browserPath === null)(title, () => {
    let browser: Browser | null = null;
    const views: View[] = [];
    beforeAll(async () => {
      browser = await openBrowser(browserPath!);
    });
    afterAll(async () => browser?.close());
    afterEach(async () => {
      const troubles = views.flatMap(view => view.troubles);
      await Promise.all(views.splice(0).map(view => view.close()));
      expect(troubles).toEqual([]);
    });
    body(async options => {
      const view = await openView(browser!, {
        kind: 'results',
        place: 'sideBar',
        theme: themes[0]!,
        widthPx: 400,
        heightPx: 900,
        ...options,
        built: path.join(repository, 'dist', 'webview'),
      });
      views.push(view);
      return view;
    });
  });
}

/** The intents of one kind, oldest first. */
export const intentsOf = async (view: View, kind: string): Promise<Record<string, unknown>[]> =>
  (await view.posted()).filter(intent => intent.kind === kind);
