import { existsSync } from 'node:fs'
import type Electron from 'electron'
import { StandInEmitter } from './emitter.ts'
import { record, takeAnswer } from './record.ts'

/** Docs: Menu, `Menu.buildFromTemplate(template)`. */
export class StandInMenu {
  readonly items: Electron.MenuItemConstructorOptions[]

  constructor(items: Electron.MenuItemConstructorOptions[]) {
    this.items = items
  }

  static buildFromTemplate(template: Electron.MenuItemConstructorOptions[]): StandInMenu {
    return new StandInMenu(template)
  }
}

/** Docs: nativeImage, `nativeImage.createFromPath(path)`: empty when there is no image. */
export class StandInImage {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  isEmpty(): boolean {
    return !existsSync(this.path)
  }
}
export const nativeImage = { createFromPath: (path: string): StandInImage => new StandInImage(path) }

/** Docs: Tray. */
export class StandInTray extends StandInEmitter {
  static current: StandInTray | undefined
  image: StandInImage
  toolTip = ''
  menu: StandInMenu | undefined

  constructor(image: StandInImage) {
    super()
    this.image = image
    StandInTray.current = this
  }

  setImage(image: StandInImage): void {
    this.image = image
  }

  setToolTip(toolTip: string): void {
    this.toolTip = toolTip
  }

  setContextMenu(menu: StandInMenu): void {
    this.menu = menu
  }

  destroy(): void {
    StandInTray.current = undefined
  }
}
StandInTray.prototype satisfies Pick<Electron.Tray, 'setToolTip' | 'destroy'>

/** Docs: dialog. A dialog without a prepared answer is cancelled. */
export const dialog = {
  async showMessageBox(...args: unknown[]): Promise<Electron.MessageBoxReturnValue> {
    const options = args.at(-1) as Electron.MessageBoxOptions
    record('dialog.showMessageBox', options)
    const answer = takeAnswer('dialog.showMessageBox')
    return { response: typeof answer === 'number' ? answer : (options.cancelId ?? 0), checkboxChecked: false }
  },
  async showOpenDialog(...args: unknown[]): Promise<Electron.OpenDialogReturnValue> {
    record('dialog.showOpenDialog', args.at(-1))
    const answer = takeAnswer('dialog.showOpenDialog')
    return typeof answer === 'string' ? { canceled: false, filePaths: [answer] } : { canceled: true, filePaths: [] }
  },
  showErrorBox(title: string, content: string): void {
    record('dialog.showErrorBox', title, content)
  },
}
dialog satisfies Pick<Electron.Dialog, 'showMessageBox' | 'showOpenDialog' | 'showErrorBox'>

/** Docs: shell. `openPath` resolves with an empty text when it worked. */
export const shell = {
  async openPath(path: string): Promise<string> {
    record('shell.openPath', path)
    return existsSync(path) ? '' : 'no such file or folder'
  },
  async openExternal(url: string): Promise<void> {
    record('shell.openExternal', url)
  },
}
shell satisfies Pick<Electron.Shell, 'openPath' | 'openExternal'>

/** Docs: clipboard, `clipboard.writeText(text)`. */
export const clipboard = {
  async writeText(text: string): Promise<void> {
    record('clipboard.writeText', text)
  },
}
clipboard satisfies Pick<Electron.Clipboard, 'writeText'>

/** Docs: powerMonitor, events resume and shutdown. */
export const powerMonitor = new StandInEmitter()

/** Docs: powerSaveBlocker, `powerSaveBlocker.start(type)`. */
export const powerSaveBlocker = {
  start(type: 'prevent-app-suspension' | 'prevent-display-sleep'): number {
    record('powerSaveBlocker.start', type)
    return 1
  },
}
powerSaveBlocker satisfies Pick<Electron.PowerSaveBlocker, 'start'>

/** Docs: crashReporter, `crashReporter.start(options)`. */
export const crashReporter = {
  start(options: Electron.CrashReporterStartOptions): void {
    record('crashReporter.start', options)
  },
}
crashReporter satisfies Pick<Electron.CrashReporter, 'start'>

/** Docs: safeStorage, `safeStorage.isEncryptionAvailable()`: false on a Linux without a key store. */
export const safeStorage = {
  isEncryptionAvailable: () => false,
  encryptString(): never {
    throw new Error('no key store')
  },
  decryptString(): never {
    throw new Error('no key store')
  },
}
