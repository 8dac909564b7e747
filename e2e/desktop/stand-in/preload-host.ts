import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import type { Page } from 'playwright-core'
import type { StandInIpcRenderer } from './ipc.ts'

/**
 * Runs the preload script beside its page and carries the exposed functions into the page's world.
 *
 * As in a sandboxed renderer the script finds no Node but a `require` that knows `electron` alone (docs: Process
 * Sandboxing), and across the bridge only values and functions pass, copied both ways (docs: contextBridge,
 * `contextBridge.exposeInMainWorld(apiKey, api)`). Functions that the page hands over, and functions that come back, stay
 * where they are and are called across.
 */
export async function runPreload(page: Page, path: string, ipcRenderer: StandInIpcRenderer): Promise<void> {
  const functions: ((...args: unknown[]) => unknown)[] = []
  const exposed: { apiKey: string; api: Record<string, number> }[] = []
  const keep = (value: (...args: unknown[]) => unknown): number => functions.push(value) - 1

  const contextBridge = {
    exposeInMainWorld: (apiKey: string, api: Record<string, (...args: unknown[]) => unknown>): void => {
      const entries = Object.entries(api).map(([name, value]) => [name, keep(value)] as const)
      exposed.push({ apiKey, api: Object.fromEntries(entries) })
    },
  }
  const require = (name: string): unknown => {
    if (name === 'electron') return { contextBridge, ipcRenderer }
    throw new Error(`module not found: ${name}`)
  }
  vm.runInNewContext(
    readFileSync(path, 'utf8'),
    { require, module: { exports: {} }, exports: {}, console },
    { filename: path },
  )

  await page.exposeFunction('__bridgeCall', async (id: number, args: PageValue[]): Promise<MainValue> => {
    const values = args.map((arg) => ('page' in arg ? callPage(page, arg.page) : arg.value))
    const result = await functions[id]?.(...values)
    return typeof result === 'function' ? { main: keep(result as () => unknown) } : { value: result }
  })
  await page.addInitScript(exposeInPage, exposed)
}

/** What crosses from the page, and back: a value, or a function that stays where it is. */
type PageValue = { value: unknown } | { page: number }
type MainValue = { value: unknown } | { main: number }

function callPage(page: Page, id: number): (...args: unknown[]) => void {
  return (...args) => {
    // The page may be closing: then nobody is left to hear it.
    page
      .evaluate(([callback, values]) => window.__bridgeCallbacks?.[callback]?.(...values), [id, args] as const)
      .catch(() => undefined)
  }
}

declare global {
  interface Window {
    __bridgeCall(id: number, args: PageValue[]): Promise<MainValue>
    __bridgeCallbacks?: ((...args: unknown[]) => void)[]
  }
}

/** Runs in the page. */
function exposeInPage(apis: { apiKey: string; api: Record<string, number> }[]): void {
  if (window.top !== window) return // nodeIntegrationInSubFrames is off: preload scripts run in the main frame only
  const callbacks: ((...args: unknown[]) => void)[] = []
  Object.defineProperty(window, '__bridgeCallbacks', { value: callbacks })
  const call = window.__bridgeCall
  /** A function of the page crosses as a number. A subscription answers at once with the function that ends it. */
  const wrap =
    (id: number) =>
    (...args: unknown[]): unknown => {
      const hasCallback = args.some((arg) => typeof arg === 'function')
      const values = args.map((arg) =>
        typeof arg === 'function' ? { page: callbacks.push(arg as () => void) - 1 } : { value: arg },
      )
      const answer = call(id, values)
      if (!hasCallback) return answer.then((result) => ('value' in result ? result.value : undefined))
      return () => void answer.then((result) => ('main' in result ? call(result.main, []) : undefined))
    }
  for (const { apiKey, api } of apis) {
    const object = Object.fromEntries(Object.entries(api).map(([name, id]) => [name, wrap(id)]))
    Object.defineProperty(window, apiKey, { value: Object.freeze(object) })
  }
}
