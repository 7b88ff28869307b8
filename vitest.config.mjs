import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { mainFields: ['module', 'main'] },
  test: {
    include: ['test/{unit,engine,integration,webview}/**/*.test.ts'],
    testTimeout: 60_000,
    globalSetup: ['scripts/workers.mjs', 'test/support/build.ts'],
    // Two cores in CI: more workers only take each other's time.
    maxWorkers: 2,
  },
});
