import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  callBridge,
  callsOf,
  connection,
  openDesktopBench,
  poll,
  takePort,
  untilPageIsThere,
} from '../../desktop/desktop-bench.ts'
import { startHeadless } from '../../desktop/desktop-process.ts'

/** main.ts itself, with the stand-in for Electron: pages are real, the rest behaves as Electron's documentation says. */
const bench = openDesktopBench()

describe('start and end', () => {
  test('start: window, tray and bridge are there and the page learns where the server is', async () => {
    const { desktop, url } = await bench.openReady()
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
    const { desktop } = await bench.openReady()
    const { token } = await connection(desktop)
    await desktop.control('quit')
    await desktop.exited
    expect(desktop.output + readFileSync(join(bench.dataDir(), 'logs', 'mishkah.log'), 'utf8')).not.toContain(token)
  })

  test('a second instance says so, ends with exit code 4 and brings the window of the first back', async () => {
    const { desktop } = await bench.openReady()
    await desktop.control('closeWindow')
    const second = bench.open()
    expect((await second.exited).code).toBe(4)
    expect(second.output).toContain('is already running on this machine')
    await poll(() => desktop.control('windows')).toMatchObject([{ isVisible: true }])
  })

  test('a taken port: the window opens and says why, restart works once the port is free', async () => {
    const { server, port } = await takePort()
    const desktop = bench.open(['--port', String(port)])
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
    const { desktop } = await bench.openReady()
    const second = bench.open([], { STAND_IN_USER_DATA: join(bench.dir(), 'other-profile') })
    await second.waitFor(/data-folder-locked/)
    await untilPageIsThere(second)
    expect(await connection(second)).toMatchObject({
      state: 'failed',
      error: { code: 'data-folder-locked', message: expect.stringContaining(`process ${desktop.child.pid}`) },
    })
  })

  test('the window is closed while a client writes: every write goes on', async () => {
    const { desktop, url } = await bench.openReady()
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
    const lines = readFileSync(join(bench.dataDir(), 'system.db'), 'utf8').trim().split('\n')
    expect(lines).toEqual(Array.from({ length: acknowledged }, (_, index) => `line ${index + 1}`))
    await desktop.control('clickTray', 'open-console')
    await untilPageIsThere(desktop)
    expect((await connection(desktop)).state).toBe('ready')
  })

  test('the server thread crashes: the page is told, the server comes back on the same port', async () => {
    const { desktop, url } = await bench.openReady()
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
    const { desktop } = await bench.openReady()
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
    expect(existsSync(join(bench.dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops the server cleanly within 3 s', async (signal) => {
    const { desktop } = await bench.openReady()
    const stoppedAt = Date.now()
    desktop.child.kill(signal)
    expect((await desktop.exited).code).toBe(0)
    expect(Date.now() - stoppedAt).toBeLessThan(3_000)
    expect(existsSync(join(bench.dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test('the end of the session stops the server cleanly', async () => {
    const { desktop } = await bench.openReady()
    await desktop.control('emitPower', 'shutdown').catch(() => undefined)
    expect((await desktop.exited).code).toBe(0)
    expect(existsSync(join(bench.dataDir(), 'closed-cleanly'))).toBe(true)
  })

  test('bad options end with exit code 2; Electron switches are not ours', async () => {
    const bad = bench.open(['--port', 'x'])
    expect((await bad.exited).code).toBe(2)
    expect(bad.output).toContain('--port must be a number from 0 to 65535')
    await bench.open(['--no-sandbox', '--remote-debugging-port=0']).waitForUrl()
  })
})

describe('with the real server', () => {
  const TABLES = '/api/branches/dar/modules/pos/tables'

  test('the page reads with its token; a window closed in the middle of writes loses none, nor does the quit', async () => {
    const desktop = bench.open([], {}, false)
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

    const again = startHeadless({ args: ['--port', '0', '--data', bench.dataDir()], testServer: false })
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
    const { desktop, url } = await bench.openReady()
    await desktop.control('answer', 'dialog.showMessageBox', 1)
    await desktop.control('clickTray', 'show-address')
    await poll(() => callsOf(desktop, 'clipboard.writeText')).toEqual([[url]])
    await desktop.control('clickTray', 'back-up-now')
    await poll(async () => (await desktop.control('windows'))[0]?.url).toBe('app://console/#/backups?action=now')
    await desktop.control('clickTray', 'restart-server')
    await desktop.waitFor(/server-ready[\s\S]*server-ready/)
    const arabic = bench.open(['--data', join(bench.dir(), 'arabic-data')], {
      STAND_IN_USER_DATA: join(bench.dir(), 'arabic'),
      STAND_IN_LOCALE: 'ar-EG',
      MISHKAH_DATA_DIR: '',
    })
    await arabic.waitForUrl()
    await poll(() => arabic.control('tray').then((tray) => tray.items[1]?.label, String)).toBe('فتح لوحة الإدارة')
  })

  test('every function of the bridge answers', async () => {
    const { desktop } = await bench.openReady()
    await desktop.control('answer', 'dialog.showOpenDialog', '/mnt/usb')
    expect(await callBridge(desktop, 'chooseFolder', 'backup')).toEqual({ ok: true, value: '/mnt/usb' })
    expect(await callBridge(desktop, 'chooseFolder', 'export')).toEqual({ ok: true, value: null })
    expect(await callBridge(desktop, 'showItem', 'log-folder')).toEqual({ ok: true, value: true })
    expect(await callsOf(desktop, 'shell.openPath')).toEqual([[join(bench.dataDir(), 'logs')]])
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
      value: { dataFolder: bench.dataDir(), isInstalled: false, lanUrls: [] },
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
