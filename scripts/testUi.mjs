// `npm run test:ui`: the packaged extension, installed in a real VS Code in Chromium, from an empty window to evaluated results by
// mouse and keyboard, with pictures in build/screenshots. `--readme` also replaces the pictures of the README.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchChromium, missingForTests, root, startWorkbench } from './workbench.mjs';
import { watchPolicy } from '../test/ui/audit.mjs';
import { cuttableProxy } from '../test/ui/cuttableProxy.mjs';
import { scenario } from '../test/ui/scenario.mjs';

const reason = missingForTests();
if (reason !== null) {
  console.log(`skipped: tests of the user interface: ${reason}`);
  process.exit(process.env.RPG_TEST_STEP ? 77 : 0);
}

const screenshots = path.join(root, 'build', 'screenshots');
rmSync(screenshots, { recursive: true, force: true });
mkdirSync(screenshots, { recursive: true });
if (!process.argv.includes('--no-package')) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/package.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`packaging failed: ${stdout}${stderr}`);
}
const vsix = readdirSync(path.join(root, 'build')).find(name =>
  name.endsWith(`${process.platform}-${process.arch}.vsix`),
);

const scratch = mkdtempSync(path.join(tmpdir(), 'rpg-ui-'));
const startedAt = Date.now();
const say = text => console.log(`${((Date.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const server = await startWorkbench({
  profile: path.join(scratch, 'profile'),
  vsix: [path.join(root, 'build', vsix)],
  hasTrust: true,
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'security.workspace.trust.startupPrompt': 'never',
    'rpg.evaluate.networksPerBaseline': 1,
    'rpg.evaluate.midpoints': 1,
  },
});
const proxy = await cuttableProxy(server.port);
const browser = await launchChromium();
let failure = null;
const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
try {
  const violations = await watchPolicy(context);
  await scenario({ context, proxy, scratch, screenshots, violations, say });
} catch (error) {
  failure = error;
  const page = context.pages().at(-1);
  await page.screenshot({ path: path.join(screenshots, 'failure.png') });
  await page.keyboard.press('Escape');
  await page
    .locator('#status\\.notifications')
    .click({ timeout: 5000 })
    .catch(() => {});
  await page.waitForTimeout(500);
  await page.screenshot({ path: path.join(screenshots, 'failure-notifications.png') });
} finally {
  await browser.close();
  proxy.close();
  await server.stop();
  failure ??= await leftBehind();
  rmSync(scratch, { recursive: true, force: true });
}
/** Programs of this test that outlive its VS Code, as a failure; sidecars may save what they train first. */
async function leftBehind() {
  const alive = () =>
    readdirSync('/proc').filter(name => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(scratch);
      } catch {
        return false; // it ended meanwhile
      }
    });
  for (const deadline = Date.now() + 15_000; Date.now() < deadline && alive().length > 0;)
    await new Promise(resolve => setTimeout(resolve, 200));
  const pids = alive();
  if (pids.length > 0) return new Error(`processes were left behind: ${pids.join(', ')}`);
  say('no process is left behind');
  return null;
}

if (failure === null && process.argv.includes('--readme')) {
  const target = path.join(root, 'media', 'screenshots');
  mkdirSync(target, { recursive: true });
  for (const name of ['results-dark.png', 'checkpoint-dark.png']) {
    const { size } = statSync(path.join(screenshots, name));
    if (size > 150_000) failure ??= new Error(`${name} has ${size} bytes: too much for a README`);
    else cpSync(path.join(screenshots, name), path.join(target, name));
  }
}
console.log(failure === null ? 'user interface: passed' : `FAILED: ${failure.stack}`);
process.exit(failure === null ? 0 : 1);
