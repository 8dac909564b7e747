import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundlePreload } from '../../../scripts/bundle.ts'
import type { Connection, DesktopBridge, Reply } from '../../../src-shared/ipc.ts'
import { Desktop, startHeadless } from '../../desktop/desktop-process.ts'

/** main.ts itself, with the stand-in for Electron: pages are real, the rest behaves as Electron's documentation says. */

/** Asks again until it is so; processes and browsers take their time on a busy machine. */
const poll = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 })

let dir: string
const desktops: Desktop[] = []

beforeAll(() => bundlePreload())
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-desktop-'))
})
afterEach(async () => {
  await Promise.all(desktops.splice(0).map((desktop) => desktop.kill()))
  rmSync(dir, { recursive: true, force: true })
})

const dataDir = (): string => join(dir, 'data')

function open(args: string[] = [], env: NodeJS.ProcessEnv = {}, testServer = true): Desktop {
  const all = ['--port', '0', '--data', dataDir(), ...args]
  const desktop = new Desktop({ args: all, env: { STAND_IN_USER_DATA: join(dir, 'profile'), ...env }, testServer })
  desktops.push(desktop)
  return desktop
}

/** A call of the page on `window.mishkahDesktop`. */
function callBridge<K extends keyof DesktopBridge>(
  desktop: Desktop,
  name: K,
  ...args: unknown[]
): Promise<Awaited<ReturnType<DesktopBridge[K]>>> {
  const text = args.map((arg) => JSON.stringify(arg)).join(', ')
  return desktop.control('evaluate', `window.mishkahDesktop.${name}(${text})`) as never
}

/** The window shows a page of the app, with the bridge in it. */
async function untilPageIsThere(desktop: Desktop): Promise<void> {
  await poll(() =>
    desktop.control('evaluate', 'document.readyState + typeof window.mishkahDesktop').catch(String),
  ).toBe('completeobject')
}

async function connection(desktop: Desktop): Promise<Connection> {
  const reply = await callBridge(desktop, 'getConnection')
  if (!reply.ok) throw new Error(reply.message)
  return reply.value
}

async function openReady(args: string[] = []): Promise<{ desktop: Desktop; url: string }> {
  const desktop = open(args)
  const url = await desktop.waitForUrl()
  await untilPageIsThere(desktop)
  return { desktop, url }
}

const callsOf = async (desktop: Desktop, name: string): Promise<unknown[][]> =>
  (await desktop.control('calls')).filter((entry) => entry.call === name).map((entry) => entry.args)

async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

describe('start and end', () => {
  test('start: window, tray and bridge are there and the page learns where the server is', async () => {
    const { desktop, url } = await openReady()
    const windows = await desktop.control('windows')
    expect(windows).toMatchObject([{ isVisible: true, url: 'app://console/' }])
    await poll(async () => (await connection(desktop)).state).toBe('ready')
    expect(await connection(desktop)).toEqual({
      state: 'ready',
      baseUrl: url,
      token: expect.stringMatching(/^[\w-]{43}$/),
    })
    const tray = await desktop.control('tray')
    expect(tray).toMatchObject({
      toolTip: 'Mishkah Branch Server: Working',
      icon: expect.stringContaining('tray-ready'),
    })
    expect(tray.items.map((item) => item.id)).toEqual([
      'state',
      'open-console',
      'show-address',
      'back-up-now',
      'restart-server',
      'quit',
    ])
    expect(await callsOf(desktop, 'powerSaveBlocker.start')).toEqual([['prevent-app-suspension']])
    expect(await callsOf(desktop, 'crashReporter.start')).toEqual([[{ uploadToServer: false }]])
    expect(await desktop.control('evaluate', `fetch('${url}/healthz').then((response) => response.json())`)).toEqual({
      status: 'ok',
    })
  })

  test('the token never reaches the log', async () => {
    const { desktop } = await openReady()
    const { token } = await connection(desktop)
    await desktop.control('quit')
    await desktop.exited
    expect(desktop.output + readFileSync(join(dataDir(), 'logs', 'mishkah.log'), 'utf8')).not.toContain(token)
  })

  test('a second instance says so, ends with exit code 4 and brings the window of the first back', async () => {
    const { desktop } = await openReady()
    await desktop.control('closeWindow')
    const second = open()
    expect((await second.exited).code).toBe(4)
    expect(second.output).toContain('is already running on this machine')
    await poll(() => desktop.control('windows')).toMatchObject([{ isVisible: true }])
  })

  test('a taken port: the window opens and says why, restart works once the port is free', async () => {
    const { server, port } = await takePort()
    const desktop = open(['--port', String(port)])
    await desktop.waitFor(/port-in-use/)
    await untilPageIsThere(desktop)
    expect(await connection(desktop)).toMatchObject({
      state: 'failed',
      baseUrl: null,
      error: { code: 'port-in-use', message: `Port ${port} is in use by another program.` },
    })
    expect((await desktop.control('tray')).icon).toContain('tray-failed')
    server.close()
    expect(await callBridge(desktop, 'restartServer')).toMatchObject({
      ok: true,
      value: { state: 'ready', baseUrl: `http://127.0.0.1:${port}` },
    })
    expect((await desktop.control('tray')).icon).toContain('tray-ready')
  })

  test('a data folder in use: the window opens and names the other process', async () => {
    const { desktop } = await openReady()
    const second = open([], { STAND_IN_USER_DATA: join(dir, 'other-profile') })
    await second.waitFor(/data-folder-locked/)
    await untilPageIsThere(second)
    expect(await connection(second)).toMatchObject({
      state: 'failed',
      error: { code: 'data-folder-locked', message: expect.stringContaining(`process ${desktop.child.pid}`) },
    })
  })

  test('the window is closed while a client writes: every write goes on', async () => {
    const { desktop, url } = await openReady()
    let acknowledged = 0
    let isDone = false
    const writing = (async () => {
      while (!isDone) {
        const response = await fetch(`${url}/lines`, { method: 'POST', body: `line ${++acknowledged}` })
        expect(response.status).toBe(200)
      }
    })()
    await poll(() => acknowledged).toBeGreaterThan(10)
    await desktop.control('closeWindow')
    await desktop.waitFor(/window-closed/)
    const atClose = acknowledged
    await poll(() => acknowledged).toBeGreaterThan(atClose + 20)
    isDone = true
    await writing
    expect(await desktop.control('windows')).toEqual([])
    const lines = readFileSync(join(dataDir(), 'system.db'), 'utf8').trim().split('\n')
    expect(lines).toEqual(Array.from({ length: acknowledged }, (_, index) => `line ${index + 1}`))
    await desktop.control('clickTray', 'open-console')
    await untilPageIsThere(desktop)
    expect((await connection(desktop)).state).toBe('ready')
  })

  test('the server thread crashes: the page is told, the server comes back on the same port', async () => {
    const { desktop, url } = await openReady()
    await desktop.control(
      'evaluate',
      'window.seen = []; window.mishkahDesktop.onConnectionChanged(({ state }) => window.seen.push(state)); 0',
    )
    await fetch(`${url}/crash`, { method: 'POST' }).catch(() => undefined)
    await poll(() => desktop.control('evaluate', 'window.seen')).toEqual(['restarting', 'starting', 'ready'])
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect((await connection(desktop)).baseUrl).toBe(url)
  })

  test('quit from the tray asks twice; only then the server stops cleanly, within 3 s', async () => {
    const { desktop } = await openReady()
    await desktop.control('clickTray', 'quit')
    await desktop.control('answer', 'dialog.showMessageBox', 1)
    await desktop.control('clickTray', 'quit')
    await poll(() => callsOf(desktop, 'dialog.showMessageBox')).toHaveLength(3)
    expect((await connection(desktop)).state).toBe('ready')
    for (const answer of [1, 1]) await desktop.control('answer', 'dialog.showMessageBox', answer)
    const askedAt = Date.now()
    await desktop.control('clickTray', 'quit')
    expect((await desktop.exited).code).toBe(0)
    expect(Date.now() - askedAt).toBeLessThan(3_000)
    expect(existsSync(join(dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops the server cleanly within 3 s', async (signal) => {
    const { desktop } = await openReady()
    const stoppedAt = Date.now()
    desktop.child.kill(signal)
    expect((await desktop.exited).code).toBe(0)
    expect(Date.now() - stoppedAt).toBeLessThan(3_000)
    expect(existsSync(join(dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test('the end of the session stops the server cleanly', async () => {
    const { desktop } = await openReady()
    await desktop.control('emitPower', 'shutdown').catch(() => undefined)
    expect((await desktop.exited).code).toBe(0)
    expect(existsSync(join(dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test('bad options end with exit code 2; Electron switches are not ours', async () => {
    const bad = open(['--port', 'x'])
    expect((await bad.exited).code).toBe(2)
    expect(bad.output).toContain('--port must be a number from 0 to 65535')
    await open(['--no-sandbox', '--remote-debugging-port=0']).waitForUrl()
  })
})

describe('with the real server', () => {
  const TABLES = '/api/branches/dar/modules/pos/tables'

  test('the page reads with its token; a window closed in the middle of writes loses none, nor does the quit', async () => {
    const desktop = open([], {}, false)
    const url = await desktop.waitForUrl()
    await untilPageIsThere(desktop)
    const { token } = await connection(desktop)
    const read = (headers: object) =>
      desktop.control(
        'evaluate',
        `fetch('${url}/api/branches', ${JSON.stringify({ headers })}).then((response) => response.status, () => 0)`,
      )
    expect(await read({ authorization: `Bearer ${token}` })).toBe(200)
    expect(await read({ authorization: 'Bearer wrong' })).not.toBe(200)

    const acknowledged: number[] = []
    const writing = (async () => {
      for (let n = 1; n < 900; n++) {
        const body = JSON.stringify({ record: { id: 10_000 + n, name: `Driver ${n}` } })
        const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
        const response = await fetch(`${url}${TABLES}/delivery_drivers`, request).catch(() => undefined)
        if (response?.status !== 201) return response?.status
        acknowledged.push(10_000 + n)
      }
      throw new Error('the server outlived 900 writes')
    })()
    await poll(() => acknowledged.length).toBeGreaterThan(10)
    await desktop.control('closeWindow')
    const atClose = acknowledged.length
    await poll(() => acknowledged.length).toBeGreaterThan(atClose + 20)
    const askedAt = Date.now()
    await desktop.control('quit')
    expect((await desktop.exited).code).toBe(0)
    expect(Date.now() - askedAt).toBeLessThan(3_000)
    expect([undefined, 503]).toContain(await writing)

    const again = startHeadless({ args: ['--port', '0', '--data', dataDir()], testServer: false })
    try {
      const base = await again.waitForUrl()
      const response = await fetch(`${base}${TABLES}/delivery_drivers?limit=1000`)
      const { rows } = (await response.json()) as { rows: { id: number }[] }
      const stored = new Set(rows.map((row) => row.id))
      const missing = acknowledged.filter((id) => !stored.has(id))
      expect(missing).toEqual([])
    } finally {
      await again.kill()
    }
  })
})

describe('tray and calls', () => {
  test('tray entries: address, backup screen, restart; in Arabic on an Arabic machine', async () => {
    const { desktop, url } = await openReady()
    await desktop.control('answer', 'dialog.showMessageBox', 1)
    await desktop.control('clickTray', 'show-address')
    await poll(() => callsOf(desktop, 'clipboard.writeText')).toEqual([[url]])
    await desktop.control('clickTray', 'back-up-now')
    await poll(async () => (await desktop.control('windows'))[0]?.url).toBe('app://console/#/backups?action=now')
    await desktop.control('clickTray', 'restart-server')
    await desktop.waitFor(/server-ready[\s\S]*server-ready/)
    const arabic = open(['--data', join(dir, 'arabic-data')], {
      STAND_IN_USER_DATA: join(dir, 'arabic'),
      STAND_IN_LOCALE: 'ar-EG',
      MISHKAH_DATA_DIR: '',
    })
    await arabic.waitForUrl()
    await poll(() => arabic.control('tray').then((tray) => tray.items[1]?.label, String)).toBe('فتح لوحة الإدارة')
  })

  test('every function of the bridge answers', async () => {
    const { desktop } = await openReady()
    await desktop.control('answer', 'dialog.showOpenDialog', '/mnt/usb')
    expect(await callBridge(desktop, 'chooseFolder', 'backup')).toEqual({ ok: true, value: '/mnt/usb' })
    expect(await callBridge(desktop, 'chooseFolder', 'export')).toEqual({ ok: true, value: null })
    expect(await callBridge(desktop, 'showItem', 'log-folder')).toEqual({ ok: true, value: true })
    expect(await callsOf(desktop, 'shell.openPath')).toEqual([[join(dataDir(), 'logs')]])
    expect(await callBridge(desktop, 'getAutostart')).toEqual({
      ok: true,
      value: { isSupported: false, isEnabled: false },
    })
    expect(await callBridge(desktop, 'setAutostart', true)).toEqual({
      ok: true,
      value: { isSupported: false, isEnabled: false },
    })
    expect(await callBridge(desktop, 'getAppInfo')).toMatchObject({
      ok: true,
      value: { dataFolder: dataDir(), isInstalled: false, lanUrls: [] },
    })
    for (const url of [
      'http://github.com/',
      'https://github.com.evil.example/',
      'https://user@github.com/',
      'file:///etc/passwd',
      'javascript:1',
      'x',
    ]) {
      expect(await callBridge(desktop, 'openLink', url), url).toEqual({ ok: true, value: false })
    }
    expect(await callBridge(desktop, 'openLink', 'https://github.com/a/b')).toEqual({ ok: true, value: true })
    expect(await callsOf(desktop, 'shell.openExternal')).toEqual([['https://github.com/a/b']])
  })
})

describe('security', () => {
  test('the window is isolated, sandboxed and without Node', async () => {
    const { desktop } = await openReady()
    expect((await desktop.control('windows'))[0]?.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    })
    expect(
      await desktop.control('evaluate', '[typeof require, typeof process, typeof ipcRenderer, isSecureContext]'),
    ).toEqual(['undefined', 'undefined', 'undefined', true])
    expect(await desktop.control('evaluate', 'Object.keys(window.mishkahDesktop).length')).toBe(9)
  })

  test('the content policy stops inline scripts, eval, foreign connections and frames', async () => {
    const { desktop, url } = await openReady()
    await desktop.control(
      'evaluate',
      `window.violations = []; window.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective)); 0`,
    )
    await desktop.control(
      'evaluate',
      `{ const script = document.createElement('script'); script.textContent = 'window.inline = 1'; document.head.append(script) } 0`,
    )
    await desktop.control('evaluate', `setTimeout('window.evaluated = 1', 0); 0`)
    await desktop.control(
      'evaluate',
      `{ const frame = document.createElement('iframe'); frame.src = 'https://example.com/'; document.body.append(frame) } 0`,
    )
    await desktop.control('evaluate', `fetch('http://192.0.2.9:3200/').catch(() => 0)`)
    await poll(() => desktop.control('evaluate', 'violations.toSorted()')).toEqual([
      'connect-src',
      'frame-src',
      'script-src',
      'script-src-elem',
    ])
    expect(await desktop.control('evaluate', '[typeof window.inline, typeof window.evaluated]')).toEqual([
      'undefined',
      'undefined',
    ])
    const headers = await desktop.control(
      'evaluate',
      `fetch('/').then((response) => response.headers.get('content-security-policy'))`,
    )
    expect(headers).toContain(`connect-src 'self' ${url} ws://`)
    expect(headers).not.toContain('unsafe')
  })

  test('navigation away, new windows and files outside of the console are refused', async () => {
    const { desktop } = await openReady()
    const targets = ['https://example.com/', 'https://app-evil.invalid/', 'https://app-console.invalid.example.com/']
    for (const [index, target] of targets.entries()) {
      await desktop.control('evaluate', `setTimeout(() => { location.href = ${JSON.stringify(target)} }, 0); 0`)
      await poll(() => desktop.output.match(/navigation-refused/g)?.length ?? 0).toBeGreaterThan(index)
      expect((await desktop.control('windows'))[0]?.url).toBe('app://console/')
    }
    expect(await desktop.control('evaluate', `window.open('https://example.com/')`)).toBeNull()
    expect(await callsOf(desktop, 'window.open')).toEqual([['https://example.com/', 'deny']])
    expect(await callsOf(desktop, 'shell.openExternal')).toEqual([])
    const paths = [
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/..%5c..%5cpackage.json',
      '/%00',
      '/%ff',
      '/console/../../package.json',
    ]
    for (const path of paths) {
      expect(await desktop.control('evaluate', `fetch('${path}').then((response) => response.status)`), path).toBe(404)
    }
    expect(
      await desktop.control('evaluate', `fetch('/', { method: 'POST' }).then((response) => response.status)`),
    ).toBe(405)
  })

  test('permissions: the clipboard may be written and the server reached, nothing else', async () => {
    const { desktop } = await openReady()
    const page = 'app://console/'
    const denied = { requested: false, checked: false, hasDeviceHandler: true }
    expect(await desktop.control('permission', 'clipboard-sanitized-write', page)).toEqual({
      ...denied,
      requested: true,
      checked: true,
    })
    expect(await desktop.control('permission', 'loopback-network', page)).toMatchObject({ requested: true })
    for (const name of [
      'media',
      'geolocation',
      'notifications',
      'clipboard-read',
      'usb',
      'fileSystem',
      'openExternal',
    ]) {
      expect(await desktop.control('permission', name, page), name).toEqual(denied)
    }
    for (const url of ['app://console.evil/', 'https://example.com/', 'app://evil/console']) {
      expect(await desktop.control('permission', 'clipboard-sanitized-write', url), url).toEqual(denied)
    }
    const query = `navigator.permissions.query({ name: 'geolocation' }).then((status) => status.state)`
    expect(await desktop.control('evaluate', query)).toBe('denied')
  })

  test('calls of other origins, inner frames and gone frames are refused on every channel', async () => {
    const { desktop } = await openReady()
    const top = { origin: 'app://console', url: 'app://console/', parent: null }
    const frames = [
      null,
      { ...top, origin: 'https://example.com' },
      { ...top, origin: 'app://console.evil' },
      { ...top, origin: 'null' },
      { ...top, parent: top },
    ]
    const channels = await desktop.control('channels')
    expect(channels).toHaveLength(8)
    for (const channel of channels) {
      for (const frame of frames) {
        expect(await desktop.control('invoke', frame, channel, {})).toMatchObject({ ok: false, code: 'forbidden' })
      }
    }
  })

  test('whatever a page sends, every channel answers with a reply and nothing reaches the machine', async () => {
    const { desktop } = await openReady()
    const top = { origin: 'app://console', url: 'app://console/', parent: null }
    const channels = (await desktop.control('channels')).filter((name) => name !== 'server:restart')
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { purpose: fc.string(), item: fc.string(), url: fc.webUrl(), isEnabled: fc.jsonValue() },
        { requiredKeys: [] },
      ),
      fc.constantFrom(
        { item: '../../etc' },
        { item: 'log-folder', path: '/etc' },
        { purpose: ['backup'] },
        { __proto__: { item: 'x' } },
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...channels), hostile, async (channel, args) => {
        const reply = (await desktop.control('invoke', top, channel, args)) as Reply<unknown>
        expect(typeof reply.ok).toBe('boolean')
        if (!reply.ok) expect(reply.code).toBe('invalid-request')
      }),
      { numRuns: 500 },
    )
    expect(await desktop.control('invoke', top, 'server:restart', { extra: 1 })).toMatchObject({
      ok: false,
      code: 'invalid-request',
    })
    expect(await callsOf(desktop, 'shell.openPath')).toEqual([])
    expect(await callsOf(desktop, 'shell.openExternal')).toEqual([])
    expect((await connection(desktop)).state).toBe('ready')
  })
})
