// `npm run test:extension`: the mocha suite of test/extension inside the real extension host of a real VS Code. code-server by
// default; `--desktop` runs the same entry in a desktop VS Code, downloaded or named by VSCODE_EXECUTABLE.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import * as esbuild from 'esbuild';
import { launchChromium, missingForTests, root, startWorkbench } from './workbench.mjs';

const isDesktop = process.argv.includes('--desktop');
const isVerbose = process.argv.includes('--verbose');
const grep = process.argv.find(arg => arg.startsWith('--grep='))?.slice(7) ?? '';
const limitMs = 480_000;

/** The desktop VS Code to start; downloaded where none is named. */
let desktop = process.env.VSCODE_EXECUTABLE;
const reason = isDesktop ? await missingForDesktop() : missingForTests();
if (reason !== null) {
  console.log(`skipped: tests in the extension host: ${reason}`);
  process.exit(process.env.RPG_TEST_STEP ? 77 : 0);
}

const built = spawnSync(process.execPath, ['esbuild.mjs', '--quiet'], { cwd: root, stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
const tests = path.join(root, 'build', 'test-extension', 'index.cjs');
await esbuild.build({
  entryPoints: [path.join(root, 'test', 'extension', 'index.ts')],
  outfile: tests,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  sourcemap: 'inline',
  external: ['vscode', 'mocha', 'koffi', 'webgpu'],
  mainFields: ['module', 'main'],
  logLevel: 'warning',
});

const scratch = mkdtempSync(path.join(tmpdir(), 'rpg-extension-'));
const workspace = path.join(scratch, 'workspace');
mkdirSync(workspace);
writeFileSync(path.join(workspace, 'README.md'), 'The workspace of the tests.\n');
const results = path.join(scratch, 'results.json');
const env = {
  RPG_TEST_RESULTS: results,
  RPG_TEST_WORKSPACE: workspace,
  RPG_TEST_ROOT: root,
  RPG_TEST_GREP: grep,
  RPG_TEST_MOCHA: path.join(root, 'node_modules', 'mocha'),
};

let code;
try {
  code = await (isDesktop ? runOnDesktop() : runInCodeServer());
  code = report(code);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(code);

async function runInCodeServer() {
  const profile = path.join(scratch, 'profile');
  mkdirSync(profile);
  const server = await startWorkbench({ profile, args: ['--vscode-option', 'enable-smoke-test-driver'] });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    // The page's console and the extension host's, mocha's report among them.
    await page.exposeFunction('codeAutomationLog', (type, args) => {
      const line = format(...args);
      if (isVerbose || line.includes('[test]')) console.log(line.replace('[test] ', '').slice(0, 2000));
    });
    const ended = new Promise(resolve => {
      void page.exposeFunction('codeAutomationExit', exitCode => resolve(exitCode));
      setTimeout(() => resolve(`no end after ${limitMs / 1000} s`), limitMs).unref();
    });
    const remote = file => `vscode-remote://127.0.0.1:${server.port}${file}`;
    const payload = [
      ['extensionDevelopmentPath', remote(root)],
      ['extensionTestsPath', remote(tests)],
      ['extensionEnvironment', JSON.stringify(env)],
      ['skipWelcome', 'true'],
    ];
    await page.goto(`${server.url}/?${new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) })}`);
    const outcome = await ended;
    if (outcome !== 0 && !existsSync(results)) {
      mkdirSync(path.join(root, 'build'), { recursive: true });
      await page.screenshot({ path: path.join(root, 'build', 'test-extension-failure.png') });
    }
    return outcome;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Why no desktop VS Code can be started here, or null. */
async function missingForDesktop() {
  const { DISPLAY, WAYLAND_DISPLAY, VSCODE_VERSION: version = 'stable' } = process.env;
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return 'there is no display (xvfb-run makes one)';
  if (desktop) return existsSync(desktop) ? null : `there is no ${desktop}`;
  const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
  try {
    desktop = await downloadAndUnzipVSCode({ version, cachePath: path.join(root, '.workbench', 'desktop') });
    return null;
  } catch (error) {
    return `VS Code could not be downloaded (${error.message}); VSCODE_EXECUTABLE=/path/to/code names one`;
  }
}

async function runOnDesktop() {
  const { runTests } = await import('@vscode/test-electron');
  return runTests({
    vscodeExecutablePath: desktop,
    extensionDevelopmentPath: root,
    extensionTestsPath: tests,
    extensionTestsEnv: env,
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust'],
  }).catch(error => String(error));
}

function report(outcome) {
  if (!existsSync(results)) {
    console.log(`FAILED: no result (${outcome})`);
    return 1;
  }
  const { passes, failures, skipped } = JSON.parse(readFileSync(results, 'utf8'));
  for (const { title, message } of failures) console.log(`FAILED: ${title}\n  ${message}`);
  console.log(`extension host: ${passes} passed, ${failures.length} failed, ${skipped} skipped`);
  return failures.length > 0 || passes === 0 ? 1 : 0;
}
