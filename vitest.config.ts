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
    // Measured over the whole suite: 267 s, against 309 s with processes; every test file still has a worker of its own.
    pool: 'threads',
    // Two cores: more workers than that only wait for each other.
    maxWorkers: 2,
  },
});
