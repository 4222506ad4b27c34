import { defineConfig } from 'vitest/config'

// unit: no network, no child processes. integration: the real servers, started once by test/integration/servers.ts.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          testTimeout: 60_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', '**/node_modules/**'],
        },
      },
      {
        test: {
          name: 'integration',
          globalSetup: 'test/integration/global-setup.ts',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
