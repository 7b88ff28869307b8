import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { mainFields: ['module', 'main'] },
  test: {
    include: ['test/{unit,engine,integration,webview,cases}/**/*.test.ts'],
    // Room for a machine that does other things: what hangs still ends, and no test asserts a time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    // Worker threads are started from a bundle, which the tests do not have otherwise.
    globalSetup: ['test/support/build.ts'],
    env: { RPG_PROGRAMS: path.resolve('build') },
    // tfjs' packages are ES modules that Node does not take for ones: vitest transforms them.
    server: { deps: { inline: [/@tensorflow/] } },
    // Two cores in CI: more workers only take each other's time.
    maxWorkers: 2,
  },
});
