import type Electron from 'electron'
import type { BrowserContext, Page, Route } from 'playwright-core'
import { launchChromium } from '../../support/chromium.ts'
import { app, setWindowCloser } from './app.ts'
import { StandInEmitter } from './emitter.ts'
import { type CallerFrame, StandInIpcRenderer } from './ipc.ts'
import { runPreload } from './preload-host.ts'
import { record } from './record.ts'
import { originOf, toAppUrl, toPageUrl } from './scheme.ts'
import { answerScheme, applyPermissions } from './session.ts'

/** One browser for all windows, started with the first. Signals belong to the program under test. */
let browserContext: Promise<BrowserContext> | undefined
function openContext(): Promise<BrowserContext> {
  browserContext ??= launchChromium({ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false }).then(
    (browser) => browser.newContext(),
  )
  return browserContext
}

const windows = new Set<StandInWindow>()
export const listWindows = (): StandInWindow[] => [...windows]

setWindowCloser(() => {
  for (const window of listWindows()) window.close()
  return windows.size === 0
})

/** A real page in the place of the renderer. Docs: webContents. */
class StandInContents extends StandInEmitter {
  readonly ipcRenderer = new StandInIpcRenderer(() => this.frame())
  readonly #preload: string | undefined
  #page: Promise<Page> | undefined
  #pageUrl = 'about:blank'
  #windowOpenHandler: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | undefined
  #isLoading = false
  isGone = false

  constructor(preload: string | undefined) {
    super()
    this.#preload = preload
  }

  page(): Promise<Page> {
    this.#page ??= this.#open()
    return this.#page
  }

  frame(): CallerFrame {
    return { origin: originOf(this.#pageUrl), url: toAppUrl(this.#pageUrl), parent: null }
  }

  getURL(): string {
    return toAppUrl(this.#pageUrl)
  }

  isDestroyed(): boolean {
    return this.isGone
  }

  send(channel: string, ...args: unknown[]): void {
    this.ipcRenderer.receive(channel, args)
  }

  setWindowOpenHandler(handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse): void {
    this.#windowOpenHandler = handler
  }

  /** Docs: webContents, `contents.loadURL(url[, options])`: does not emit will-navigate. */
  async loadURL(url: string): Promise<void> {
    const page = await this.page()
    if (this.isGone) return
    this.#isLoading = true
    await applyPermissions(page.context(), url, new URL(toPageUrl(url)).origin)
    await page.goto(toPageUrl(url))
    this.#isLoading = false
    this.emit('did-finish-load')
  }

  async close(): Promise<void> {
    this.isGone = true
    await (await this.#page)?.close()
  }

  async #open(): Promise<Page> {
    const page = await (await openContext()).newPage()
    if (this.#preload) await runPreload(page, this.#preload, this.ipcRenderer)
    await this.#catchNewWindows(page)
    await page.route('**/*', (route) => this.#route(page, route))
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#pageUrl = frame.url()
    })
    page.on('console', (message) => record('page.console', message.type(), message.text()))
    page.on('pageerror', (error) => record('page.error', error.message))
    return page
  }

  /** Docs: webContents, `contents.setWindowOpenHandler(handler)`: a denied window.open() gives the page null. */
  async #catchNewWindows(page: Page): Promise<void> {
    const ask = (url: string): void => {
      const details = {
        url: toAppUrl(url),
        frameName: '',
        features: '',
        disposition: 'foreground-tab',
        referrer: { url: '', policy: 'default' },
      }
      const answer = this.#windowOpenHandler?.(details as Electron.HandlerDetails)
      record('window.open', toAppUrl(url), answer?.action ?? 'allow')
      if (answer?.action !== 'deny') throw new Error('The stand-in opens no further windows.')
    }
    await page.exposeFunction('__windowOpen', ask)
    await page.addInitScript(() => {
      window.open = (url) => {
        const ask = (window as unknown as { __windowOpen(url: string): void }).__windowOpen
        ask(new URL(String(url ?? 'about:blank'), document.baseURI).href)
        return null
      }
    })
    page.on('popup', (popup) => {
      ask(popup.url())
      void popup.close()
    })
  }

  async #route(page: Page, route: Route): Promise<void> {
    const request = route.request()
    if (request.isNavigationRequest() && this.#refuses(page, route)) return route.abort('aborted')
    const appUrl = toAppUrl(request.url())
    if (appUrl.startsWith('app:')) return this.#serve(route, appUrl)
    if (request.isNavigationRequest())
      return route.fulfill({ status: 200, contentType: 'text/html', body: '<p>outside</p>' })
    return this.#passOn(route)
  }

  /** Docs: webContents, events will-frame-navigate (any frame) and will-navigate (main frame), not for loadURL. */
  #refuses(page: Page, route: Route): boolean {
    const request = route.request()
    const isMainFrame = request.frame() === page.mainFrame()
    if (isMainFrame && this.#isLoading) return false
    const fields = { url: toAppUrl(request.url()), isMainFrame, isSameDocument: false }
    if (this.emitPreventable('will-frame-navigate', fields)) return true
    return isMainFrame && this.emitPreventable('will-navigate', fields)
  }

  async #serve(route: Route, url: string): Promise<void> {
    const response = await answerScheme(new Request(url, { method: route.request().method() }))
    if (!response) return route.abort('failed')
    const body = Buffer.from(await response.arrayBuffer())
    return route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body })
  }

  /** To the branch's server, which must see the origin that the real window has. */
  async #passOn(route: Route): Promise<void> {
    const request = route.request()
    const pageOrigin = new URL(this.#pageUrl).origin
    try {
      const response = await route.fetch({ headers: { ...(await request.allHeaders()), origin: toAppUrl(pageOrigin) } })
      const headers = response.headers()
      if (headers['access-control-allow-origin'] === toAppUrl(pageOrigin))
        headers['access-control-allow-origin'] = pageOrigin
      return await route.fulfill({ response, headers })
    } catch {
      return route.abort('connectionrefused')
    }
  }
}
StandInContents.prototype satisfies Pick<
  Electron.WebContents,
  'getURL' | 'isDestroyed' | 'send' | 'setWindowOpenHandler' | 'loadURL'
>

/** Docs: BrowserWindow. */
export class StandInWindow extends StandInEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions
  readonly #contents: StandInContents
  #isVisible: boolean
  #isGone = false

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super()
    this.options = options
    this.#contents = new StandInContents(options.webPreferences?.preload)
    this.#isVisible = options.show ?? true
    windows.add(this)
    // Docs: app, event web-contents-created.
    app.emit('web-contents-created', {}, this.#contents)
    app.emit('browser-window-created', {}, this)
  }

  get webContents(): StandInContents {
    return this.#contents
  }

  async loadURL(url: string): Promise<void> {
    await this.#contents.loadURL(url)
    this.emit('ready-to-show')
  }

  show(): void {
    this.#isVisible = true
    this.emit('show')
  }

  focus(): void {
    record('window.focus')
  }

  isVisible(): boolean {
    return this.#isVisible
  }

  isMinimized(): boolean {
    return false
  }

  restore(): void {
    record('window.restore')
  }

  isDestroyed(): boolean {
    return this.#isGone
  }

  /** Docs: BrowserWindow, `win.close()`: close can be prevented; then closed, and with the last one window-all-closed. */
  close(): void {
    if (this.#isGone || this.emitPreventable('close')) return
    this.#isGone = true
    windows.delete(this)
    void this.#contents.close()
    this.emit('closed')
    if (windows.size > 0) return
    // Docs: app, event window-all-closed: without a listener the app quits.
    if (app.listenerCount('window-all-closed') === 0) app.quit()
    else app.emit('window-all-closed')
  }
}
StandInWindow.prototype satisfies Pick<
  Electron.BrowserWindow,
  'loadURL' | 'show' | 'focus' | 'isVisible' | 'isMinimized' | 'restore' | 'isDestroyed' | 'close'
>
