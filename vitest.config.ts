import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take graphql's ES modules while the packages beside it take the CommonJS ones: two copies that refuse each other.
  resolve: { alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts', 'test/web/build-dashboard.ts'],
    // Generous: a machine with other work to do starts a browser or a fifth server slowly, and no test measures speed.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // What is polled for is waited for as long: vitest's own second is short for a page on a busy machine.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    pool: 'threads',
    // A worker loads the modules once for all its files: in a worker of its own every file would load the schema and all it needs anew,
    // which was a third of the work.
    isolate: false,
    // On two cores, since some tests wait for time to pass: 171 s with three, 288 s with two and modules loaded for each file.
    maxWorkers: 3,
  },
});
