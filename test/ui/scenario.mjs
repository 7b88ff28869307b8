// One person's hour in a minute or two: an empty window, a folder they do not trust yet, a dataset from the Explorer's menu, a
// training, networks, an evaluation, three themes, a huge checkpoint, a lost connection, a closed page.
import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessibilityFindings } from './audit.mjs';
import * as workbench from './workbenchPage.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const nCheckpoints = 6;

export async function scenario({ context, proxy, scratch, screenshots, violations, say }) {
  const folder = makeFolder(scratch);
  const page = await context.newPage();
  const shoot = async name => {
    await page.waitForTimeout(400); // menus and toasts fade in
    await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
  };

  await workbench.openWorkbench(page, proxy.url, null);
  await workbench.openSideBar(page);
  await page.getByRole('button', { name: 'Open Folder' }).first().waitFor();
  await shoot('empty-window');
  say('an empty window offers to open a folder');

  await page.getByRole('button', { name: 'Open Folder' }).first().click();
  await workbench.chooseFolder(page, 'Open Folder', folder, 'clothes');
  await page.getByText('Restricted Mode is intended for safe code browsing').waitFor({ timeout: 120_000 });
  say('a folder was opened and is not trusted');

  await workbench.openSideBar(page);
  await page.getByRole('button', { name: 'Try the Demo' }).waitFor();
  await shoot('welcome');
  await page.getByRole('button', { name: 'Read How' }).click();
  await page.locator('.gettingStartedContainer', { hasText: 'Judge them' }).waitFor();
  await shoot('walkthrough');
  await page.keyboard.press('Control+w');
  assert.equal(await workbench.isOffered(page, 'RPG: Prepare Checkpoints'), false, 'Prepare needs trust');
  assert.equal(await workbench.isOffered(page, 'RPG: Check Set-up'), true);
  await trustFolder(page);
  assert.equal(await workbench.isOffered(page, 'RPG: Prepare Checkpoints'), true, 'Prepare is there once trusted');
  say('test and training commands wait for trust');

  await registerFromExplorer(page, shoot);
  say('a folder was registered from the menu of the Explorer');

  await workbench.runCommand(page, 'RPG: Train');
  await workbench.pick(page, 'Train', 'clothes');
  await workbench.quickInput(page, 'Train on clothes', 'demo');
  await page.waitForTimeout(300);
  await shoot('presets');
  await workbench.pick(page, 'Train on clothes', 'quick.rpg.json');
  await workbench.treeRow(page, 'Runs', '0001').waitFor({ timeout: 120_000 });
  const side = await workbench.webviewFrame(page, 'sideBar', 'canvas', { limitMs: 120_000 });
  await shoot('training');
  say('a training begins and is drawn');

  await workbench.notification(page, '0001-clothes is trained', 'Generate Networks');
  await workbench.answer(page, 'Generate from 0001-clothes', '4');
  await workbench.pick(page, 'How to sample', 'DDIM');
  await workbench.notification(page, '4 networks generated', 'Evaluate');
  await workbench.notification(page, 'mean accuracy');
  say('networks were generated and evaluated');
  assert.ok(await side.locator('body').innerText());

  await workbench.runCommand(page, 'RPG: Open Results in Editor');
  const tab = await workbench.webviewFrame(page, 'editor', 'table', { limitMs: 90_000 });
  await clearToasts(page);
  const words = await tab.locator('body').innerText();
  assert.match(words, /0001-clothes/);
  assert.match(words, /accuracy/i);
  await themes(page, shoot, tab, 'results', { accuracy: '.section-accuracy', plots: '.run-plots' });

  await inspectCheckpoint(page, shoot);
  say('a checkpoint was looked at');

  await page.reload();
  await workbench.webviewFrame(page, 'editor', '*', { limitMs: 120_000 });
  await workbench.openSideBar(page);
  await workbench.treeRow(page, 'Runs', '0001').waitFor({ timeout: 120_000 });
  say('everything is there after a reload');

  await openLargeCheckpoint(page, folder, shoot);
  say('a checkpoint of 10 GB was looked at');

  await reloadInMidTraining(page, say);
  const run = path.join(folder, '.rpg', 'runs', '0003-clothes');
  await loseSightOfTraining(page, say);
  await loseConnection(page, proxy, run, say);
  await closePageInMidTraining(page, proxy, folder, say);
  assert.deepEqual(violations, [], 'violations of the content security policy');
}

/** A folder with a small zoo and a configuration that trains for seconds. */
function makeFolder(scratch) {
  const folder = path.join(scratch, 'my work');
  const checkpoints = path.join(folder, 'clothes', 'checkpoint');
  mkdirSync(checkpoints, { recursive: true });
  const source = path.join(root, 'datasets', 'fashion-cnnsmall-zoo', 'checkpoint');
  const names = readdirSync(source)
    .filter(name => name.endsWith('.pth'))
    .sort();
  for (const name of names.slice(0, nCheckpoints)) cpSync(path.join(source, name), path.join(checkpoints, name));
  const config = {
    preset: 'demo',
    dataset: 'clothes',
    diffusion: { diffusionBatch: 64 },
    training: { batchSize: 2, steps: 120, saveEvery: 60 },
  };
  writeFileSync(path.join(folder, 'quick.rpg.json'), JSON.stringify(config, null, 2));
  const longer = { ...config, training: { batchSize: 2, steps: 20_000, saveEvery: 100 } };
  writeFileSync(path.join(folder, 'longer.rpg.json'), JSON.stringify(longer, null, 2));
  writeSparseCheckpoint(path.join(folder, 'large.safetensors'), 10);
  return folder;
}

/** Tensors of more than a gigabyte each, of which the disk holds only the header. */
function writeSparseCheckpoint(file, nTensors) {
  const tensorBytes = 1.1e9;
  const tensors = Array.from({ length: nTensors }, (_, index) => [
    `layer.${index}.weight`,
    { dtype: 'F32', shape: [tensorBytes / 4], data_offsets: [index * tensorBytes, (index + 1) * tensorBytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(tensors)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, Buffer.concat([length, header]));
  ftruncateSync(descriptor, 8 + header.length + nTensors * tensorBytes);
  closeSync(descriptor);
}

async function trustFolder(page) {
  await workbench.runCommand(page, 'Workspaces: Manage Workspace Trust');
  await page.getByRole('button', { name: 'Trust', exact: true }).first().click();
  await page.keyboard.press('Control+w');
  await page.waitForTimeout(500);
}

async function registerFromExplorer(page, shoot) {
  await workbench.openExplorer(page);
  const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'clothes' }).first();
  await row.click({ button: 'right' });
  const item = page.locator('.context-view.monaco-menu-container .action-item', {
    hasText: 'Register Checkpoint Folder',
  });
  await item.waitFor();
  await shoot('explorer-menu');
  await item.hover();
  await item.click();
  const widget = await workbench.quickInput(page, 'Register clothes');
  await widget.locator('.quick-input-box input').fill('clothes?');
  await page.getByText('Use up to 100 letters').waitFor();
  await workbench.answer(page, 'Register clothes', 'clothes');
  await workbench.answer(page, 'How is a checkpoint tested?', '');
  await workbench.notification(page, `Registered clothes: ${nCheckpoints} checkpoints`, undefined, 90_000);
  await workbench.openSideBar(page);
  await workbench.treeRow(page, 'Datasets', 'clothes').waitFor();
}

/** Pictures and an audit in each theme; `parts` of the page, by name, have a picture of their own. */
async function themes(page, shoot, frame, name, parts = {}) {
  for (const [label, theme, kind] of [
    ['light', 'Light Modern', 'vscode-light'],
    ['contrast', 'Dark High Contrast', 'vscode-high-contrast'],
    ['dark', 'Dark Modern', 'vscode-dark'],
  ]) {
    await workbench.runCommand(page, 'Preferences: Color Theme');
    await workbench.pick(page, 'Select Color Theme', theme);
    await frame.locator(`body.${kind}`).waitFor();
    await shoot(`${name}-${label}`);
    for (const [part, selector] of Object.entries(parts)) {
      await frame.locator(selector).evaluate(element => element.scrollIntoView());
      await shoot(`${part}-${label}`);
      await frame.locator('main').evaluate(main => main.scrollIntoView());
    }
    assert.deepEqual(await accessibilityFindings(frame), [], `${name} in ${theme}`);
  }
}

async function inspectCheckpoint(page, shoot) {
  await workbench.treeRow(page, 'Datasets', /^clothes/).click();
  await workbench.treeRow(page, 'Datasets', /^Checkpoints/).click();
  await workbench.treeRow(page, 'Datasets', /\.pth/).click();
  const frame = await workbench.webviewFrame(page, 'editor', '.tensor-list :text("0.weight")', { limitMs: 90_000 });
  await page.waitForTimeout(1000);
  await themes(page, shoot, frame, 'checkpoint');
}

/** The window is reloaded while it trains; the run is interrupted, and one click goes on with it. */
async function reloadInMidTraining(page, say) {
  await workbench.runCommand(page, 'RPG: Train');
  await workbench.pick(page, 'Train', 'clothes');
  await workbench.pick(page, 'Train on clothes', 'quick.rpg.json');
  await workbench.treeRow(page, 'Runs', /0002.*step [1-9]/).waitFor({ timeout: 120_000 });
  await page.reload();
  await workbench.openSideBar(page);
  await workbench.treeRow(page, 'Runs', /0002.*interrupted/).waitFor({ timeout: 120_000 });
  say('a reload in mid-training interrupts the run');
  const row = workbench.treeRow(page, 'Runs', /0002/);
  await workbench.pressInRow(row, 'Resume', workbench.treeRow(page, 'Runs', /0002.*(left|finished)/));
  await workbench.notification(page, '0002-clothes is trained');
  say('and Resume goes on to its end');
}

/** Names and shapes come at once; statistics wait for a click. */
async function openLargeCheckpoint(page, folder, shoot) {
  await workbench.openExplorer(page);
  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'large.safetensors' }).dblclick();
  const frame = await workbench.webviewFrame(page, 'editor', ':text("layer.9.weight")', { limitMs: 90_000 });
  await frame.getByRole('button', { name: 'Read Statistics' }).waitFor();
  await shoot('checkpoint-large');
  await page.keyboard.press('Control+w');
  await workbench.openSideBar(page);
}

/** The results are hidden while a run trains; shown again they have every point, the first and the newest. */
async function loseSightOfTraining(page, say) {
  await workbench.runCommand(page, 'View: Close All Editors'); // a tab would show the run instead of the side bar
  await workbench.runCommand(page, 'RPG: Train');
  await workbench.pick(page, 'Train', 'clothes');
  await workbench.pick(page, 'Train on clothes', 'longer.rpg.json');
  await workbench.treeRow(page, 'Runs', /0003.*step [1-9]/).waitFor({ timeout: 120_000 });
  const before = await shownSteps(page);
  await workbench.openExplorer(page);
  await page.waitForTimeout(1500);
  await workbench.openSideBar(page);
  const after = await shownSteps(page);
  assert.equal(after.first, 1);
  assert.ok(after.last > before.last, `${before.last} steps before it was hidden, ${after.last} after`);
  say('the results were hidden in mid-training and missed nothing');
}

/** First and last step of the curve of run 0003 in the side bar. */
async function shownSteps(page) {
  const frame = await workbench.webviewFrame(page, 'sideBar', '[aria-label^="Loss by training step"]', {
    limitMs: 90_000,
  });
  const slider = frame.getByRole('slider', { name: 'Loss by training step' });
  await frame.getByLabel('Run shown').locator('option:checked', { hasText: '0003' }).waitFor({ state: 'attached' });
  const read = async name => Number(await slider.getAttribute(name));
  return { first: await read('aria-valuemin'), last: await read('aria-valuemax') };
}

/** The window loses its server: the training goes on, and when the connection is back the window shows where it is. */
async function loseConnection(page, proxy, run, say) {
  const trainer = () => JSON.parse(readFileSync(path.join(run, 'lock'), 'utf8')).pid;
  const stepsDone = () => readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').split('\n').length - 1;
  const stepShown = async () => {
    const row = workbench.treeRow(page, 'Runs', /0003.*step/);
    const text = (await row.textContent({ timeout: 1000 }).catch(() => null)) ?? '';
    return Number(/step ([\d,]+)/.exec(text)?.[1].replaceAll(',', '') ?? 0);
  };
  const pid = trainer();
  proxy.cut();
  // What had arrived may still be being drawn; a row that hears of its run is drawn again within these seconds.
  let shown = -1;
  await until('the row stands still', async () => {
    const before = await stepShown();
    await page.waitForTimeout(4000);
    shown = await stepShown();
    return shown === before;
  });
  const atCut = stepsDone();
  await until('the training goes on without the window', () => stepsDone() > atCut + 30);
  assert.equal(await stepShown(), shown, 'the window hears of nothing');
  proxy.mend();
  const reached = stepsDone();
  await until('the window shows the run again', async () => (await stepShown()) > reached);
  assert.equal(trainer(), pid, 'the same process trains');
  say('the connection was lost and came back; the training went on');
}

/** The page is closed and opened again later: the run is found, and can be stopped or resumed. */
async function closePageInMidTraining(page, proxy, folder, say) {
  const context = page.context();
  await page.close();
  const again = await context.newPage();
  await workbench.openWorkbench(again, proxy.url, folder);
  await workbench.openSideBar(again);
  await workbench.treeRow(again, 'Runs', /0003.*interrupted/).waitFor({ timeout: 120_000 });
  const row = workbench.treeRow(again, 'Runs', /0003/);
  await workbench.pressInRow(row, 'Resume', workbench.treeRow(again, 'Runs', /0003.*left/));
  await workbench.pressInRow(row, 'Stop', workbench.treeRow(again, 'Runs', /0003.*stopped/));
  say('the page was closed in mid-training and opened again: the run is there, goes on and can be stopped');
}

async function until(what, condition, limitMs = 90_000) {
  for (const deadline = Date.now() + limitMs; !(await condition());) {
    if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}

async function clearToasts(page) {
  await workbench.runCommand(page, 'Notifications: Clear All Notifications');
}
