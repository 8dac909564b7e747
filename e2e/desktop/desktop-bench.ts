import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { bundlePreload } from '../../scripts/bundle.ts'
import type { Connection, DesktopBridge } from '../../src-shared/ipc.ts'
import { Desktop } from './desktop-process.ts'

/** Asks again until it is so; processes and browsers take their time on a busy machine. */
export const poll = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 })

export interface DesktopBench {
  /** A folder of the test's own. */
  dir(): string
  dataDir(): string
  open(args?: string[], env?: NodeJS.ProcessEnv, testServer?: boolean): Desktop
  /** With the server listening and the page in the window. */
  openReady(args?: string[]): Promise<{ desktop: Desktop; url: string }>
}

/** For the tests of one file: a fresh folder for each, and no process outlives its test. */
export function openDesktopBench(): DesktopBench {
  let dir = ''
  const desktops: Desktop[] = []
  beforeAll(() => bundlePreload())
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mishkah-desktop-'))
  })
  afterEach(async () => {
    await Promise.all(desktops.splice(0).map((desktop) => desktop.kill()))
    rmSync(dir, { recursive: true, force: true })
  })
  const open: DesktopBench['open'] = (args = [], env = {}, testServer = true) => {
    const all = ['--port', '0', '--data', join(dir, 'data'), ...args]
    const desktop = new Desktop({ args: all, env: { STAND_IN_USER_DATA: join(dir, 'profile'), ...env }, testServer })
    desktops.push(desktop)
    return desktop
  }
  return {
    dir: () => dir,
    dataDir: () => join(dir, 'data'),
    open,
    openReady: async (args) => {
      const desktop = open(args)
      const url = await desktop.waitForUrl()
      await untilPageIsThere(desktop)
      return { desktop, url }
    },
  }
}

/** A call of the page on `window.mishkahDesktop`. */
export function callBridge<K extends keyof DesktopBridge>(
  desktop: Desktop,
  name: K,
  ...args: unknown[]
): Promise<Awaited<ReturnType<DesktopBridge[K]>>> {
  const text = args.map((arg) => JSON.stringify(arg)).join(', ')
  return desktop.control('evaluate', `window.mishkahDesktop.${name}(${text})`) as never
}

/** The window shows a page of the app, with the bridge in it. */
export async function untilPageIsThere(desktop: Desktop): Promise<void> {
  const look = () => desktop.control('evaluate', 'document.readyState + typeof window.mishkahDesktop').catch(String)
  await poll(look).toBe('completeobject')
}

export async function connection(desktop: Desktop): Promise<Connection> {
  const reply = await callBridge(desktop, 'getConnection')
  if (!reply.ok) throw new Error(reply.message)
  return reply.value
}

/** The arguments of each call that the program made on the desktop. */
export async function callsOf(desktop: Desktop, name: string): Promise<unknown[][]> {
  return (await desktop.control('calls')).filter((entry) => entry.call === name).map((entry) => entry.args)
}

/** A port that another program uses. */
export async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}
