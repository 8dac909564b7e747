import { join } from 'node:path'
import { Menu, type MenuItemConstructorOptions, type NativeImage, nativeImage, Tray } from 'electron'
import type { Log } from '../lib/log.ts'
import type { ServerState } from '../server-host.ts'
import type { Texts } from './texts.ts'

export interface TrayActions {
  openConsole(): void
  showAddress(): void
  backUpNow(): void
  restartServer(): void
  quit(): void
}

export interface TrayView {
  state: ServerState
  connectedDevices: number
  problems: readonly string[]
}

export interface TrayOptions {
  /** Folder with tray-ready.png, tray-busy.png and tray-failed.png. */
  iconDir: string
  texts: Texts
  actions: TrayActions
  log: Log
}

/** @returns undefined on a desktop without a place for tray icons; the window has the same actions. */
export function openTray({ iconDir, texts, actions, log }: TrayOptions): TrayIcon | undefined {
  try {
    return new TrayIcon(iconDir, texts, actions)
  } catch (error) {
    log.warn('no-tray', { error })
    return undefined
  }
}

/** Coloured dot, words for it, and the few things that must be at hand while no window is open. */
export class TrayIcon {
  readonly #tray: Tray
  readonly #iconDir: string
  readonly #texts: Texts
  readonly #actions: TrayActions

  constructor(iconDir: string, texts: Texts, actions: TrayActions) {
    this.#iconDir = iconDir
    this.#texts = texts
    this.#actions = actions
    this.#tray = new Tray(this.#image('busy'))
    this.#tray.on('double-click', actions.openConsole)
  }

  update(view: TrayView): void {
    const label = labelFor(view, this.#texts)
    this.#tray.setImage(this.#image(dotFor(view)))
    this.#tray.setToolTip(`${this.#texts.title}: ${label}`)
    this.#tray.setContextMenu(
      Menu.buildFromTemplate(trayTemplate(label, view.state.kind === 'ready', this.#texts, this.#actions)),
    )
  }

  close(): void {
    this.#tray.destroy()
  }

  #image(dot: Dot): NativeImage {
    return nativeImage.createFromPath(join(this.#iconDir, `tray-${dot}.png`))
  }
}

type Dot = 'ready' | 'busy' | 'failed'

function dotFor({ state, problems }: TrayView): Dot {
  if (state.kind === 'failed' || state.kind === 'stopped') return 'failed'
  return state.kind === 'ready' && problems.length === 0 ? 'ready' : 'busy'
}

function labelFor({ state, connectedDevices, problems }: TrayView, texts: Texts): string {
  if (state.kind === 'failed') return `${texts.failed}. ${state.failure.message}`
  if (state.kind !== 'ready') return texts[state.kind]
  return [texts.ready, connectedDevices > 0 && `${connectedDevices} ${texts.devices}`, ...problems]
    .filter(Boolean)
    .join('. ')
}

/** The entries of the tray's menu. */
function trayTemplate(
  label: string,
  isReady: boolean,
  texts: Texts,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  return [
    { id: 'state', label, enabled: false },
    { type: 'separator' },
    { id: 'open-console', label: texts.openConsole, click: actions.openConsole },
    { id: 'show-address', label: texts.showAddress, enabled: isReady, click: actions.showAddress },
    { id: 'back-up-now', label: texts.backUpNow, enabled: isReady, click: actions.backUpNow },
    { id: 'restart-server', label: texts.restartServer, click: actions.restartServer },
    { type: 'separator' },
    { id: 'quit', label: texts.quit, click: actions.quit },
  ]
}
