// `npm test`: installs, builds and tests from a fresh clone with only Node. Every step is counted; the last line printed is
// `N passed, N failed`, and the exit code is 1 if anything failed. What this machine lacks is skipped with a printed reason by
// the tests themselves.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** What a step exits with when this machine lacks what it needs; it has printed the reason. */
const skippedCode = 77;
const totals = { passed: 0, failed: 0, skipped: 0 };

function step(title, command, args) {
  console.log(`\n— ${title} —`);
  const startedAt = Date.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, RPG_TEST_STEP: '1' },
  });
  if (status === skippedCode) {
    totals.skipped++;
    return true;
  }
  const isPassed = status === 0 && !error;
  console.log(`${isPassed ? 'passed' : 'FAILED'}: ${title} (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
  totals[isPassed ? 'passed' : 'failed']++;
  return isPassed;
}

/** Installed already, and since the lock file last changed. */
function isInstalled() {
  const marker = path.join(root, 'node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(path.join(root, 'package-lock.json')).mtimeMs;
}

function runVitest() {
  const folder = mkdtempSync(path.join(tmpdir(), 'rpg-vitest-'));
  const report = path.join(folder, 'report.json');
  try {
    console.log('\n— unit, engine and integration tests —');
    const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const { status } = spawnSync(
      process.execPath,
      [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      { cwd: root, stdio: 'inherit' },
    );
    const result = existsSync(report)
      ? JSON.parse(readFileSync(report, 'utf8'))
      : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
    totals.passed += result.numPassedTests;
    totals.failed += result.numFailedTests;
    totals.skipped += result.numPendingTests;
    // A file that does not even load fails no test.
    if (status !== 0 && result.numFailedTests === 0) totals.failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
if (!isInstalled() && !step('npm ci', npm, ['ci', '--no-audit', '--no-fund'])) {
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exit(1);
}
console.log(
  `Node ${process.version}, npm ${execFileSync(npm, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'ignore'] }).trim()}`,
);

const run = path.join(root, 'scripts', 'run.mjs');
step('build', process.execPath, ['esbuild.mjs']);
for (const check of [
  'typecheck',
  'lint',
  'check:format',
  'check:imports',
  'check:contributes',
  'check:unused',
  'check:architecture',
])
  step(check, npm, ['run', '--silent', check]);
runVitest();
step('golden values', process.execPath, [run, 'test/golden/main.ts', 'test/golden/cases']);
step('fuzz, 30,000 files', process.execPath, [
  run,
  'test/fuzz/main.ts',
  '--files',
  '30000',
  '--seed',
  String(Math.floor(Date.now() / 86_400_000)),
]);
step('extension host', process.execPath, [path.join(root, 'scripts', 'testExtension.mjs')]);
step('user interface', process.execPath, [path.join(root, 'scripts', 'testUi.mjs')]);

console.log(`\n${totals.skipped} skipped`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
