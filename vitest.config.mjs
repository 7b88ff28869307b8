import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { mainFields: ['module', 'main'] },
  test: {
    include: ['test/{unit,engine,integration}/**/*.test.ts'],
    testTimeout: 60_000,
    globalSetup: ['test/support/build.ts', 'scripts/workers.mjs'],
    // Two cores in CI: more workers only take each other's time.
    maxWorkers: 2,
  },
});
