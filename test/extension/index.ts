// What VS Code calls in its extension host: runs every suite by mocha and leaves a small record for the script that started it.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type Mocha from 'mocha';
import { activation, everyCommandSuite } from './activation';
import { badInputSuite } from './badInput';
import { commandSuite } from './commands';
import { journeySuite } from './journeys';
import { lifeSuite } from './life';
import { treeSuite } from './trees';

/** Rejects when a test failed, which gives the host its exit code. */
export async function run(): Promise<void> {
  // Mocha finds its own files at run time, so it is loaded from its folder rather than bundled.
  const loadMocha = createRequire(`${process.env.RPG_TEST_MOCHA!}/package.json`);
  const MochaClass = loadMocha('mocha') as typeof Mocha;
  const mocha = new MochaClass({ ui: 'bdd', timeout: 180_000, grep: process.env.RPG_TEST_GREP || undefined });
  mocha.suite.emit('pre-require', globalThis as unknown as Mocha.MochaGlobals, '', mocha);
  for (const suite of [activation, commandSuite, treeSuite, journeySuite, badInputSuite, lifeSuite, everyCommandSuite])
    suite();
  const failures: { title: string; message: string }[] = [];
  let [passes, skipped] = [0, 0];
  await new Promise<void>(resolve => {
    mocha
      .reporter('min')
      .run(() => resolve())
      .on('pass', test => {
        passes++;
        console.log(`[test] ✓ ${test.fullTitle()} (${test.duration ?? 0} ms)`);
      })
      .on('pending', test => {
        skipped++;
        console.log(`[test] skipped: ${test.fullTitle()}`);
      })
      .on('fail', (test, error: Error) => {
        failures.push({ title: test.fullTitle(), message: error.stack ?? error.message });
        console.log(`[test] ✗ ${test.fullTitle()}: ${error.message}`);
      });
  });
  writeFileSync(process.env.RPG_TEST_RESULTS!, JSON.stringify({ passes, failures, skipped }));
  if (failures.length > 0) throw new Error(`${failures.length} tests failed`);
}
