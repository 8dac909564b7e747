import { defineConfig } from '@playwright/test'
import { packagedChromium } from './support/chromium.ts'

const isPackagedHere = process.platform === 'linux' && process.arch === 'x64'

/** The console and the apps in real Chromium against a real server, which each test file starts for itself. */
export default defineConfig({
  testDir: '.',
  testMatch: ['console/**/*.spec.ts', 'apps/**/*.spec.ts', 'desktop/*.spec.ts'],
  globalSetup: './support/build-pages.ts',
  outputDir: '../test-results/console',
  timeout: 120_000,
  expect: { timeout: 15_000 },
  // Two servers and two browsers at once are enough for a small machine; on one that others use too, one is.
  workers: process.env.CI ? 1 : 2,
  retries: process.env.CI ? 2 : 0,
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 860 },
    trace: 'retain-on-failure',
    ...(isPackagedHere ? { launchOptions: await packagedChromium() } : { channel: 'chrome' }),
  },
})
