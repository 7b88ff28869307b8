// The workbench as a person uses it: palette, quick picks, menus, trees, notifications, webviews. Only what can be seen and
// clicked; nothing reaches into the extension.

/** Opens the workbench: with a folder, or an empty window. */
export async function openWorkbench(page, url, folder) {
  const query = folder === null ? 'ew=true' : new URLSearchParams({ folder }).toString();
  await page.goto(`${url}/?${query}`, { waitUntil: 'domcontentloaded' });
  await page.locator('.monaco-workbench .activitybar').waitFor({ timeout: 120_000 });
}

/** Runs a command by the palette, which lists only what is registered and enabled. */
export async function runCommand(page, title, limitMs = 90_000) {
  const input = page.locator('.quick-input-widget:visible .quick-input-box input');
  const row = page.locator('.quick-input-widget:visible .monaco-list-row', {
    has: page.getByText(title, { exact: true }),
  });
  for (const deadline = Date.now() + limitMs; ;) {
    await page.keyboard.press('F1');
    await input.waitFor();
    await input.fill(`>${title}`);
    try {
      await row.first().waitFor({ timeout: 2000 }); // a palette does not see what is registered after it opened
      break;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await page.keyboard.press('Escape');
    }
  }
  await row.first().click();
}

/** Whether the palette offers a command now. */
export async function isOffered(page, title) {
  const input = page.locator('.quick-input-widget:visible .quick-input-box input');
  await page.keyboard.press('F1');
  await input.waitFor();
  await input.fill(`>${title}`);
  await page.waitForTimeout(700);
  const count = await page
    .locator('.quick-input-widget:visible .monaco-list-row', { has: page.getByText(title, { exact: true }) })
    .count();
  await page.keyboard.press('Escape');
  return count > 0;
}

/** The open quick pick or input box, once it has this title and, for a pick, this entry. */
export async function quickInput(page, title, entry) {
  const open = page.locator('.quick-input-widget:visible');
  const widget = open
    .filter({ hasText: title })
    .or(open.filter({ has: page.locator(`input[placeholder^="${title}"]`) }));
  await widget.waitFor({ timeout: 90_000 });
  if (entry !== undefined)
    await widget.locator('.monaco-list-row', { hasText: entry }).first().waitFor({ timeout: 120_000 });
  return widget;
}

/** Chooses an entry of a quick pick by typing and Enter. */
export async function pick(page, title, entry) {
  const widget = await quickInput(page, title);
  await widget.locator('.quick-input-box input').fill(entry);
  // Long lists draw only what is in sight, and some are still being filled.
  await widget.locator('.monaco-list-row', { hasText: entry }).first().waitFor({ timeout: 120_000 });
  await page.waitForTimeout(200);
  await page.keyboard.press('Enter');
}

/** Answers the dialog for folders; `child` is one of the folder's. The dialog writes its first folder over what is typed too early. */
export async function chooseFolder(page, title, folder, child, limitMs = 90_000) {
  const dialog = page.locator('.quick-input-widget:visible', { hasText: title });
  const listed = text => dialog.locator('.monaco-list-row', { hasText: text }).first();
  await listed('..').waitFor({ timeout: limitMs });
  for (const deadline = Date.now() + limitMs; ;) {
    await dialog.locator('.quick-input-box input').fill(`${folder}/`);
    try {
      await listed(child).waitFor({ timeout: 3000 });
      break;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
  await dialog.getByRole('button', { name: 'OK' }).click();
}

/** Answers an input box. */
export async function answer(page, title, text) {
  const widget = await quickInput(page, title);
  await widget.locator('.quick-input-box input').fill(text);
  await page.keyboard.press('Enter');
}

/** Waits for a message and clicks one of its buttons, if one is named. */
export async function notification(page, text, button, limitMs = 120_000) {
  const toast = page.locator('.notification-toast', { hasText: text }).first();
  await toast.waitFor({ timeout: limitMs });
  if (button) await toast.getByRole('button', { name: button }).click();
}

/** A row of one of the trees. */
export function treeRow(page, view, label) {
  return page.locator(`.pane:has(.pane-header[aria-label^="${view}"]) .monaco-list-row`, { hasText: label }).first();
}

/** Presses a button of a row until what it does is seen: a row that is drawn again that instant loses the click. */
export async function pressInRow(row, name, outcome, limitMs = 120_000) {
  for (const deadline = Date.now() + limitMs; ;) {
    await row.hover();
    await row
      .getByRole('button', { name })
      .click({ timeout: 2000 })
      .catch(() => {}); // it is another button by now, or on its way
    try {
      await outcome.waitFor({ timeout: 20_000 });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** Shows our view container. */
export const openSideBar = page => showContainer(page, 'RPG', '.pane-header[aria-label^="Datasets"]');

/** Shows the Explorer. */
export const openExplorer = page => showContainer(page, 'Explorer', '.explorer-folders-view');

/**
 * Shows a view container by its icon. A click on the icon of a container that is shown closes it, and one that is made while
 * the workbench still restores itself may be lost or meet a container that opens that instant: so a click is made only where
 * the icon is not checked, and what came of it is looked at again.
 */
async function showContainer(page, name, content, limitMs = 120_000) {
  const icon = page.locator(`.activitybar .action-item:has(a.action-label[aria-label^="${name}"])`);
  await icon.waitFor({ timeout: limitMs });
  for (const deadline = Date.now() + limitMs; ;) {
    if (!(await isChecked(icon))) await icon.locator('a.action-label').click();
    try {
      await page.locator(content).waitFor({ timeout: 5000 });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

const isChecked = async icon => ((await icon.getAttribute('class')) ?? '').split(' ').includes('checked');

/** The document of one of our webviews, once it holds what is asked for. */
export async function webviewFrame(page, place, selector, { limitMs = 90_000, everyMs = 150 } = {}) {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline;) {
    for (const frame of page.frames()) {
      try {
        if (await frame.locator(`body[data-place="${place}"] ${selector}`).count()) return frame;
      } catch {
        // a frame that is being replaced
      }
    }
    await page.waitForTimeout(everyMs);
  }
  throw new Error(`no webview in the ${place} with ${selector}`);
}
