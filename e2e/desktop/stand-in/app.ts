import { existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Electron from 'electron'
import { StandInEmitter } from './emitter.ts'
import { record } from './record.ts'

/** A folder of the test's own in the place of the profile. */
const userData = process.env.STAND_IN_USER_DATA ?? ''
let openAtLogin = false
let closeWindows: () => boolean = () => true

/** The windows tell how to close them all; false when one refused. */
export function setWindowCloser(closer: () => boolean): void {
  closeWindows = closer
}

class StandInApp extends StandInEmitter {
  /** Docs: app, `app.isPackaged`. */
  readonly isPackaged = false
  readonly name = 'Mishkah Branch Server'
  #isReady = false

  constructor() {
    super()
    setImmediate(() => {
      this.#isReady = true
      this.emit('ready', {}, {})
    })
  }

  isReady(): boolean {
    return this.#isReady
  }

  /** Docs: app, `app.whenReady()`: fulfilled when Electron is initialized. */
  async whenReady(): Promise<void> {
    if (!this.#isReady) await new Promise((resolve) => this.once('ready', resolve))
  }

  getLocale(): string {
    return process.env.STAND_IN_LOCALE ?? 'en-GB'
  }

  getVersion(): string {
    return '0.0.0'
  }

  getPath(name: string): string {
    return join(userData, name)
  }

  /** Docs: app, `app.requestSingleInstanceLock()`: false in the second process, 'second-instance' in the first. */
  requestSingleInstanceLock(): boolean {
    mkdirSync(userData, { recursive: true })
    const lockFile = join(userData, 'instance')
    if (existsSync(lockFile) && isRunning(Number(readFileSync(lockFile, 'utf8')))) {
      writeFileSync(join(userData, `second-${process.pid}`), JSON.stringify({ argv: process.argv, cwd: process.cwd() }))
      return false
    }
    writeFileSync(lockFile, String(process.pid))
    process.on('exit', () => rmSync(lockFile, { force: true }))
    const seen = new Set<string>()
    watch(userData, (_type, name) => {
      if (!name?.startsWith('second-') || seen.has(name)) return
      seen.add(name)
      this.emit('second-instance', {}, [], '', null)
    }).unref()
    return true
  }

  /** Docs: app, `app.quit()`: before-quit, then all windows close, then will-quit; each can prevent it. */
  quit(): void {
    if (this.emitPreventable('before-quit')) return
    if (!closeWindows()) return
    if (this.emitPreventable('will-quit')) return
    this.exit(Number(process.exitCode ?? 0))
  }

  /** Docs: app, `app.exit([exitCode])`: at once, without before-quit and will-quit. */
  exit(exitCode = 0): void {
    this.emit('quit', {}, exitCode)
    process.exit(exitCode)
  }

  getLoginItemSettings(): Electron.LoginItemSettings {
    return {
      openAtLogin,
      wasOpenedAtLogin: false,
      status: openAtLogin ? 'enabled' : 'not-registered',
      executableWillLaunchAtLogin: openAtLogin,
      launchItems: [],
    }
  }

  setLoginItemSettings(settings: Electron.Settings): void {
    record('app.setLoginItemSettings', settings)
    openAtLogin = settings.openAtLogin ?? false
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

export const app = new StandInApp()
app satisfies Pick<
  Electron.App,
  | 'isPackaged'
  | 'name'
  | 'isReady'
  | 'whenReady'
  | 'getLocale'
  | 'getVersion'
  | 'getPath'
  | 'requestSingleInstanceLock'
  | 'quit'
  | 'exit'
  | 'getLoginItemSettings'
  | 'setLoginItemSettings'
>
