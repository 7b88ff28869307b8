// The extension: how long a person waits for it, and what it takes while it does nothing. Activation and first paint are
// measured in a real VS Code, by the scripts that test there; the rest with the sidecar alone.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { datasets } from '../../protocol/datasets';
import { ping } from '../../protocol/session';
import { createSidecarClient } from '../../src/sidecarClient';
import { SidecarProcess } from '../../src/sidecarProcess';
import { benchWebview } from './webview';

const root = process.env.RPG_ROOT!; // set by scripts/run.mjs
const nCalls = 2000;

export async function benchExtension(): Promise<void> {
  await benchSidecar();
  printMeasured(
    'activation in the extension host',
    ['scripts/testExtension.mjs', '--grep=starts no process'],
    /activation took (.+)/g,
  );
  printMeasured(
    'Results with 100,000 points in VS Code',
    ['scripts/measureResults.mjs'],
    /((?:first paint|shown again) after .+)/g,
  );
  await benchWebview([]);
}

async function benchSidecar(): Promise<void> {
  const workspace = mkdtempSync(path.join(tmpdir(), 'rpg-bench-'));
  mkdirSync(path.join(workspace, '.rpg'));
  const sidecar = new SidecarProcess({
    script: path.join(root, 'dist', 'sidecar.js'),
    launch: () => ({ nodePath: null, workspace, isTrusted: true }),
    log: () => {},
  });
  const client = createSidecarClient(sidecar);
  try {
    const startedAt = performance.now();
    await client.call(datasets, {});
    console.log(`start of the sidecar to its first answer   ${(performance.now() - startedAt).toFixed(0)} ms`);
    const times: number[] = [];
    for (let call = 0; call < nCalls; call++) {
      const from = performance.now();
      await client.call(ping, {});
      times.push(performance.now() - from);
    }
    times.sort((a, b) => a - b);
    const [median, slow] = [times[nCalls / 2]!, times[Math.floor(nCalls * 0.99)]!];
    console.log(
      `RPC round trip, ${nCalls} calls                median ${median.toFixed(3)} ms, 99 % under ${slow.toFixed(3)} ms`,
    );
    await sleep(3000);
    const { residentBytes } = await client.call(ping, {});
    console.log(`idle memory of the sidecar                 ${(residentBytes / 1e6).toFixed(0)} MB resident`);
  } finally {
    await sidecar.stop();
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** Runs a script of the repository and prints what it measured, or why it measured nothing. */
function printMeasured(title: string, script: readonly string[], pattern: RegExp): void {
  const { stdout } = spawnSync(process.execPath, script, { cwd: root, encoding: 'utf8' });
  const found = [...stdout.matchAll(pattern)].map(([, text]) => text);
  const reason = stdout.trim().split('\n').at(-1) ?? '';
  console.log(`${title.padEnd(42)} ${found.length === 0 ? `not measured: ${reason}` : found.join('; ')}`);
}
