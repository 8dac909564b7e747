import { defineConfig } from 'vitest/config'

// On a build machine that others use too, a process may get no processor for seconds: one more try tells that from a fault.
const retry = process.env.CI ? 1 : 0

/**
 * Two projects: `unit` is quick and part of `npm run check`; `integration` starts real servers and processes, of the bundle
 * as it is shipped.
 */
export default defineConfig({
  test: {
    // Vitest's own choice leaves a core free, which on a small machine is half of them.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src-*,scripts,bench}/**/*.test.{ts,tsx}'],
          testTimeout: 30_000,
          retry,
          hookTimeout: 30_000,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'integration',
          include: ['e2e/integration/**/*.test.ts'],
          globalSetup: 'e2e/support/build-pages.ts',
          testTimeout: 120_000,
          retry,
          hookTimeout: 60_000,
          pool: 'forks',
          fileParallelism: false,
        },
      },
    ],
  },
})
