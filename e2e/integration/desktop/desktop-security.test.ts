import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reply } from '../../../src-shared/ipc.ts'
import { callsOf, connection, openDesktopBench, poll } from '../../desktop/desktop-bench.ts'

/** What a hostile page, or a page of somebody else, cannot do. The page is a real one in Chromium. */
const bench = openDesktopBench()

test('the window is isolated, sandboxed and without Node', async () => {
  const { desktop } = await bench.openReady()
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
  const { desktop, url } = await bench.openReady()
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
  const { desktop } = await bench.openReady()
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
  expect(await desktop.control('evaluate', `fetch('/', { method: 'POST' }).then((response) => response.status)`)).toBe(
    405,
  )
})

test('permissions: the clipboard may be written and the server reached, nothing else', async () => {
  const { desktop } = await bench.openReady()
  const page = 'app://console/'
  const denied = { requested: false, checked: false, hasDeviceHandler: true }
  expect(await desktop.control('permission', 'clipboard-sanitized-write', page)).toEqual({
    ...denied,
    requested: true,
    checked: true,
  })
  expect(await desktop.control('permission', 'loopback-network', page)).toMatchObject({ requested: true })
  for (const name of ['media', 'geolocation', 'notifications', 'clipboard-read', 'usb', 'fileSystem', 'openExternal']) {
    expect(await desktop.control('permission', name, page), name).toEqual(denied)
  }
  for (const url of ['app://console.evil/', 'https://example.com/', 'app://evil/console']) {
    expect(await desktop.control('permission', 'clipboard-sanitized-write', url), url).toEqual(denied)
  }
  const query = `navigator.permissions.query({ name: 'geolocation' }).then((status) => status.state)`
  expect(await desktop.control('evaluate', query)).toBe('denied')
})

test('calls of other origins, inner frames and gone frames are refused on every channel', async () => {
  const { desktop } = await bench.openReady()
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
  const { desktop } = await bench.openReady()
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
