// Opens a workspace with a finished run of 100,000 points in a real VS Code and prints the time from the click on the RPG icon
// to the first drawn curve, how much of it our page had (the rest is VS Code's making of its first webview), and the same
// again after another view was shown. For `npm run bench -- extension`.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchChromium, missingForTests, root, startWorkbench } from './workbench.mjs';
import { openExplorer, openWorkbench, webviewFrame } from '../test/ui/workbenchPage.mjs';

const nPoints = 100_000;
const reason = missingForTests();
if (reason !== null) {
  console.log(`skipped: ${reason}`);
  process.exit(0);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'rpg-measure-'));
const workspace = path.join(scratch, 'workspace');
makeRun();
spawnSync(process.execPath, ['scripts/package.mjs'], { cwd: root });
const vsix = readdirSync(path.join(root, 'build')).find(name =>
  name.endsWith(`${process.platform}-${process.arch}.vsix`),
);
const server = await startWorkbench({ profile: path.join(scratch, 'profile'), vsix: [path.join(root, 'build', vsix)] });
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await openWorkbench(page, server.url, workspace);
  const icon = page.locator('.activitybar .action-item a.action-label[aria-label^="RPG"]');
  await icon.waitFor();
  await page.waitForTimeout(3000); // the workbench's own start
  const first = await timeToCurve(page, icon);
  await openExplorer(page);
  await page.waitForTimeout(1000);
  const again = await timeToCurve(page, icon);
  console.log(`first paint after ${first.totalMs} ms, of which ${first.pageMs} ms are our page's`);
  console.log(`shown again after ${again.totalMs} ms, of which ${again.pageMs} ms are our page's`);
} finally {
  await browser.close();
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
}

/** From the click, and from the moment VS Code began to load our document in its frame. */
async function timeToCurve(page, icon) {
  const startedAt = performance.now();
  await icon.click();
  const frame = await webviewFrame(page, 'sideBar', 'canvas', { everyMs: 10 });
  const totalMs = performance.now() - startedAt;
  const pageMs = await frame.evaluate(() => performance.now());
  return { totalMs: totalMs.toFixed(0), pageMs: pageMs.toFixed(0) };
}

/** A run as the trainer leaves it: made by the command line, its curve replaced by a long one. */
function makeRun() {
  mkdirSync(workspace, { recursive: true });
  const sidecar = path.join(root, 'dist', 'sidecar.js');
  const zoo = path.join(workspace, 'zoo'); // a copy: statistics are kept beside the files
  cpSync(path.join(root, 'datasets', 'fashion-cnnsmall-zoo'), zoo, { recursive: true });
  const tiny = ['training.steps=2', 'training.batchSize=2', 'diffusion.diffusionBatch=4'].flatMap(s => ['--set', s]);
  spawnSync(process.execPath, [
    sidecar,
    '--workspace',
    workspace,
    'train',
    '--dataset',
    zoo,
    '--preset',
    'demo',
    ...tiny,
  ]);
  const [run] = readdirSync(path.join(workspace, '.rpg', 'runs'));
  const lines = Array.from({ length: nPoints }, (_, i) =>
    JSON.stringify({ step: i + 1, loss: Math.exp(-i / 3e4) + 0.05 * Math.sin(i), learningRate: 1e-3 }),
  );
  writeFileSync(path.join(workspace, '.rpg', 'runs', run, 'metrics.jsonl'), `${lines.join('\n')}\n`);
}
