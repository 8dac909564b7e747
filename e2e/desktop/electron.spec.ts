import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { _electron, expect, test } from '@playwright/test'
import { bundleMain } from '../../scripts/bundle.ts'
import { findElectron, whyNoWindow } from '../../scripts/electron-program.ts'

/** The real app in the real Electron. Where its program is absent, the tests with the stand-in run the same code. */
const root = join(import.meta.dirname, '..', '..')
const program = findElectron()
const reason = whyNoWindow(program)

test.describe('the desktop app in Electron', () => {
  test.skip(reason !== undefined, reason)

  let dir: string
  test.beforeAll(() => bundleMain())
  test.beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mishkah-electron-'))
  })
  test.afterEach(() => rmSync(dir, { recursive: true, force: true }))

  const launch = () => {
    const switches = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const options = [`--user-data-dir=${join(dir, 'profile')}`, '--port', '0', '--data', join(dir, 'data')]
    return _electron.launch({ args: [...switches, root, ...options], ...(program && { executablePath: program }) })
  }

  test('window, bridge and server start; quit stops the server cleanly', async () => {
    const app = await launch()
    const window = await app.firstWindow()
    await expect.poll(() => window.evaluate(() => typeof Reflect.get(globalThis, 'mishkahDesktop'))).toBe('object')
    const readState = () => window.evaluate('window.mishkahDesktop.getConnection().then((reply) => reply.value.state)')
    await expect.poll(readState, { timeout: 20_000 }).toBe('ready')
    expect(window.url()).toBe('app://console/')
    await app.evaluate(({ app: electronApp }) => electronApp.quit()).catch(() => undefined)
    await app.waitForEvent('close')
    expect(existsSync(join(dir, 'data', '.mishkah-data'))).toBe(true)
  })

  test('isolation, content policy and navigation hold in the real window', async () => {
    const app = await launch()
    const window = await app.firstWindow()
    await window.waitForLoadState()
    expect(await window.evaluate('[typeof require, typeof process, isSecureContext]')).toEqual([
      'undefined',
      'undefined',
      true,
    ])
    await window.evaluate(`setTimeout('window.evaluated = 1', 0); 0`)
    await window.evaluate(`setTimeout(() => { location.href = 'https://example.com/' }, 0); 0`)
    await window.waitForTimeout(500)
    expect(window.url()).toBe('app://console/')
    expect(await window.evaluate('typeof window.evaluated')).toBe('undefined')
    expect(await window.evaluate(`window.open('https://example.com/')`)).toBeNull()
    await app.close()
  })
})
