import './local/require-node.mjs';
import { defineConfig } from 'vitest/config';

const seconds = 1_000;

// One project a folder of test/. The pure ones are fast; `ledger` and `worker` start real servers.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20 * seconds } },
      { test: { name: 'ledger', include: ['test/ledger/**/*.test.ts'], testTimeout: 900 * seconds, hookTimeout: 60 * seconds } },
      { test: { name: 'api', include: ['test/api/**/*.test.ts'], testTimeout: 30 * seconds, hookTimeout: 60 * seconds } },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60 * seconds, hookTimeout: 60 * seconds } },
      { test: { name: 'local', include: ['test/local/**/*.test.ts'], testTimeout: 120 * seconds, hookTimeout: 120 * seconds } },
      { test: { name: 'worker', include: ['test/worker/**/*.test.ts'], testTimeout: 120 * seconds, hookTimeout: 120 * seconds } },
      { test: { name: 'drill', include: ['test/drill/**/*.test.ts'], testTimeout: 600 * seconds, hookTimeout: 60 * seconds } },
    ],
  },
});
