import { app, BrowserWindow } from 'electron'
import type { Log } from '../lib/log.ts'
import { CONSOLE_URL } from './app-scheme.ts'

export interface ConsoleWindowOptions {
  title: string
  /** Absolute path of the bundled preload script. */
  preload: string
  icon: string
  log: Log
}

/** The one window. Closing it changes nothing for the server; `show` opens it again. */
export class ConsoleWindow {
  readonly #options: ConsoleWindowOptions
  #window: BrowserWindow | undefined

  constructor(options: ConsoleWindowOptions) {
    this.#options = options
  }

  find(): BrowserWindow | undefined {
    return this.#window
  }

  /** @param route - Screen of the console, such as `backups`; the last one when absent. */
  async show(route?: string): Promise<void> {
    const isNew = this.#window === undefined
    this.#window ??= this.#open()
    const window = this.#window
    if (isNew || route !== undefined) await this.#load(window, route)
    if (window.isDestroyed()) return
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  async #load(window: BrowserWindow, route: string | undefined): Promise<void> {
    try {
      await window.loadURL(route === undefined ? CONSOLE_URL : `${CONSOLE_URL}#/${route}`)
    } catch (error) {
      this.#options.log.error('window-load-failed', { error })
    }
  }

  #open(): BrowserWindow {
    const { title, preload, icon, log } = this.#options
    const window = new BrowserWindow({
      title,
      icon,
      width: 1280,
      height: 800,
      minWidth: 360,
      minHeight: 480,
      show: false,
      autoHideMenuBar: true,
      webPreferences: {
        preload,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        allowRunningInsecureContent: false,
        navigateOnDragDrop: false,
        devTools: !app.isPackaged,
      },
    })
    window.on('closed', () => {
      this.#window = undefined
    })
    window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      log.error('window-crashed', { reason, exitCode })
      if (reason !== 'clean-exit' && !window.isDestroyed()) void this.#load(window, undefined)
    })
    return window
  }
}

/** A program of the tray alone is not told that Windows ends the session; a window is, even one that nobody sees. */
export function openSessionEndWindow(onSessionEnd: () => void): BrowserWindow {
  const window = new BrowserWindow({
    show: false,
    skipTaskbar: true,
    webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false },
  })
  window.on('query-session-end', onSessionEnd)
  window.on('session-end', onSessionEnd)
  return window
}
