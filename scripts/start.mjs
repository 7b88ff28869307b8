// `npm start`: the extension in an editor, with a demo workspace. In the person's own VS Code where `code` is on the PATH, else
// in a VS Code in the browser, whose address is printed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { installWorkbench, root, startWorkbench } from './workbench.mjs';

const workspace = path.join(root, 'demo-workspace');
mkdirSync(workspace, { recursive: true });
if (!existsSync(path.join(root, 'node_modules'))) run('npm', ['ci', '--no-audit', '--no-fund']);

const hasCode =
  !process.argv.includes('--browser') &&
  spawnSync('code', ['--version'], { shell: process.platform === 'win32' }).status === 0;
if (hasCode) openInCode();
else await openInBrowser();

/** The checkout itself as the extension: a rebuild and a reload show a change. */
function openInCode() {
  run(process.execPath, ['esbuild.mjs', '--quiet']);
  run('code', ['--new-window', '--extensionDevelopmentPath', root, workspace]);
  console.log('Opened in VS Code: choose the RPG icon in the activity bar, then Try the Demo.');
}

async function openInBrowser() {
  const reason = installWorkbench();
  if (reason !== null) {
    console.error(`There is no VS Code: "code" is not on the PATH, and ${reason}.`);
    process.exit(1);
  }
  run(process.execPath, ['scripts/package.mjs']);
  const vsix = readdirSync(path.join(root, 'build')).find(name =>
    name.endsWith(`${process.platform}-${process.arch}.vsix`),
  );
  const server = await startWorkbench({
    profile: path.join(root, '.workbench', 'profile'),
    vsix: [path.join(root, 'build', vsix)],
  });
  console.log(`\nOpen ${server.url}/?${new URLSearchParams({ folder: workspace })}`);
  console.log('Choose the RPG icon in the activity bar, then Try the Demo. Ctrl-C ends it.');
  process.once('SIGINT', () => void server.stop().then(() => process.exit(0)));
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
}

function run(program, args) {
  const shell = process.platform === 'win32';
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', shell });
  if (status !== 0) process.exit(status ?? 1);
}
