// The built pages in a real Chromium, under their real security policy. Only the edge is ours: the api object VS Code would
// hand out, the theme's variables it would set, and the address the files are served from.
import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { viewHtml } from '../../../protocol/viewHtml';
import type { Theme } from './themes';

/** Null where this machine has no Chromium; the tests then skip with `noBrowserReason`. */
export const browserPath: string | null =
  [process.env.RPG_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find(
    file => file !== undefined && existsSync(file),
  ) ?? null;
export const noBrowserReason = 'no Chromium (set RPG_CHROMIUM to its path)';

export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    timeout: 120_000,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'],
  });

const origin = 'https://webview.test';

export interface ViewOptions {
  readonly kind: 'results' | 'checkpoint';
  readonly place: 'sideBar' | 'editor';
  /** Folder of the built pages. */
  readonly built: string;
  readonly theme: Theme;
  readonly widthPx: number;
  readonly heightPx: number;
  /** What an earlier life of the page saved. */
  readonly saved?: unknown;
}

export interface View {
  readonly page: Page;
  /** As the host would post it. */
  send(message: unknown): Promise<void>;
  /** What the page posted, oldest first. */
  posted(): Promise<Record<string, unknown>[]>;
  /** What the page asked VS Code to keep. */
  saved(): Promise<unknown>;
  /** Violations of the security policy and errors of scripts; should stay empty. */
  readonly troubles: readonly string[];
  setTheme(theme: Theme): Promise<void>;
  close(): Promise<void>;
}

export async function openView(browser: Browser, options: ViewOptions): Promise<View> {
  const context = await browser.newContext({ viewport: { width: options.widthPx, height: options.heightPx } });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', error => troubles.push(`error: ${error.message}`));
  page.on('console', message => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  await page.exposeFunction('reportViolation', (text: string) => troubles.push(`policy: ${text}`));
  await page.route(`${origin}/**`, route => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '')
      return route.fulfill({
        contentType: 'text/html',
        body: viewHtml({
          kind: options.kind,
          place: options.place,
          nonce: 'r4nd0m',
          cspSource: origin,
          scriptUri: `${origin}/${options.kind}.js`,
          styleUri: `${origin}/style.css`,
        }),
      });
    const file = path.join(options.built, path.basename(name));
    return existsSync(file)
      ? route.fulfill({
          contentType: name.endsWith('.css') ? 'text/css' : 'text/javascript',
          body: readFileSync(file, 'utf8'),
        })
      : route.fulfill({ status: 404 });
  });
  await page.addInitScript(playHost, { theme: options.theme, place: options.place, saved: options.saved ?? null });
  await page.goto(`${origin}/`);
  return {
    page,
    troubles,
    // As text: a large object would be taken apart value by value on its way into the page.
    send: message =>
      page.evaluate(text => window.postMessage(JSON.parse(text) as unknown, '*'), JSON.stringify(message)),
    posted: () => page.evaluate(() => (window as unknown as HostWindow).postedIntents),
    saved: () => page.evaluate(() => JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown),
    setTheme: theme => page.evaluate(applyTheme, theme),
    close: () => context.close(),
  };
}

/** What the page's window has in addition, put there by `playHost`. */
interface HostWindow {
  postedIntents: Record<string, unknown>[];
  acquireVsCodeApi: () => unknown;
  reportViolation: (text: string) => void;
}

/** Runs in the page before its own script: VS Code's side of the webview. It must not refer to anything outside itself. */
function playHost({ theme, place, saved }: { theme: Theme; place: string; saved: unknown }): void {
  const host = window as unknown as HostWindow; // the cast: these are what this function sets
  host.postedIntents = [];
  if (saved !== null && sessionStorage.getItem('state') === null)
    sessionStorage.setItem('state', JSON.stringify(saved));
  host.acquireVsCodeApi = () => ({
    postMessage: (message: Record<string, unknown>) => {
      host.postedIntents.push(structuredClone(message));
    },
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') as unknown,
    setState: (state: unknown) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
  document.addEventListener('securitypolicyviolation', event =>
    host.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
  );
  new MutationObserver((_, observer) => {
    const body = document.body as HTMLElement | null; // there is none while the head is parsed
    if (!body) return;
    observer.disconnect();
    body.className = theme.bodyClass;
    const { style } = document.documentElement;
    for (const [name, color] of Object.entries(theme.colors)) style.setProperty(`--vscode-${name}`, color);
    style.setProperty('--vscode-font-family', '"DejaVu Sans", sans-serif');
    style.setProperty('--vscode-font-size', '13px');
    style.setProperty('--vscode-editor-font-family', '"DejaVu Sans Mono", monospace');
    style.background = `var(--vscode-${place}-background)`;
  }).observe(document, { childList: true, subtree: true });
}

/** A change of theme while the page is open. */
function applyTheme(theme: Theme): void {
  const { style } = document.documentElement;
  for (const name of [...style]) if (/^--vscode-(?!font|editor-font)/.test(name)) style.removeProperty(name);
  for (const [name, color] of Object.entries(theme.colors)) style.setProperty(`--vscode-${name}`, color);
  document.body.className = theme.bodyClass;
}
