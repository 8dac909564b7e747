import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core'

const INSTALLED_CHANNELS = ['chrome', 'chromium', 'msedge'] as const

/**
 * A real Chromium without a download: on Linux x64 the one inside an npm package, elsewhere an installed Chrome, Chromium
 * or Edge.
 *
 * @throws Error that names every way that was tried.
 */
export function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const { args = [], ...rest } = options
  return launchOneOf((found) => chromium.launch({ ...rest, ...found, args: [...(found.args ?? []), ...args] }))
}

/** The same with a profile in this folder, which outlives the browser. @throws Error as `launchChromium`. */
export function launchProfile(folder: string): Promise<BrowserContext> {
  return launchOneOf((found) => chromium.launchPersistentContext(folder, found))
}

async function launchOneOf<T>(launch: (found: LaunchOptions) => Promise<T>): Promise<T> {
  const failures: string[] = []
  if (process.platform === 'linux' && process.arch === 'x64') {
    try {
      return await launch(await packagedChromium())
    } catch (error) {
      failures.push(`@sparticuz/chromium: ${String(error)}`)
    }
  }
  for (const channel of INSTALLED_CHANNELS) {
    try {
      return await launch({ channel })
    } catch (error) {
      failures.push(`${channel}: ${String(error).split('\n')[0]}`)
    }
  }
  throw new Error(`No Chromium could be started.\n${failures.join('\n')}`)
}

/**
 * Executable and switches for Playwright's `launch` or its configuration file. Of the package's own switches only those
 * for a machine without a desktop are kept: others (one process, no web security) would make the tests test nothing.
 */
export async function packagedChromium(): Promise<{ executablePath: string; args: string[] }> {
  const { default: packaged } = await import('@sparticuz/chromium')
  packaged.setGraphicsMode = false
  const executablePath = await packaged.executablePath()
  return {
    executablePath,
    args: ['--headless=shell', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-zygote'],
  }
}
