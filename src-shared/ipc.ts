import type { ErrorCode } from './errors.ts'

/**
 * The one contract between the desktop's main process and the console in its window. Data travels by the public HTTP and
 * WebSocket API only; these few calls add what only a desktop has.
 */

/** Where the server is and whether it runs. `token` proves that the console runs in the window of this machine. */
export type Connection =
  | { state: 'starting' | 'restarting' | 'stopped'; baseUrl: string | null; token: string; error?: ConnectionError }
  | { state: 'ready'; baseUrl: string; token: string }
  | { state: 'failed'; baseUrl: null; token: string; error: ConnectionError }

/** Why the server does not run, in words for the manager. */
export interface ConnectionError {
  code: ErrorCode
  message: string
  hint?: string
}

/** Absolute path that a person chose in a dialog. */
export type FolderPath = string

/** What `shell:show-item` can show: names, never paths from the page. */
export const SHOWABLE_ITEMS = ['data-folder', 'log-folder', 'backup-folder'] as const
export type ShowableItem = (typeof SHOWABLE_ITEMS)[number]

export const FOLDER_PURPOSES = ['backup', 'export'] as const
export type FolderPurpose = (typeof FOLDER_PURPOSES)[number]

export interface AppInfo {
  version: string
  platform: string
  electron: string
  node: string
  dataFolder: string
  logFolder: string
  isInstalled: boolean
  /** Addresses for tablets; empty while only this machine is served. */
  lanUrls: string[]
}

/** `isSupported` is false where the system offers no such setting (Linux, and a start from the sources). */
export interface Autostart {
  isEnabled: boolean
  isSupported: boolean
}

/** Every call the console may make on the main process: one line a channel. */
export interface DesktopCalls {
  'connection:get': { args: Record<string, never>; result: Connection }
  'dialog:choose-folder': { args: { purpose: FolderPurpose }; result: FolderPath | null }
  'shell:show-item': { args: { item: ShowableItem }; result: boolean }
  /** Opens a page in the machine's browser; only https addresses on the allow list. */
  'shell:open-link': { args: { url: string }; result: boolean }
  'autostart:get': { args: Record<string, never>; result: Autostart }
  'autostart:set': { args: { isEnabled: boolean }; result: Autostart }
  'server:restart': { args: Record<string, never>; result: Connection }
  'app:get-info': { args: Record<string, never>; result: AppInfo }
}

export type DesktopChannel = keyof DesktopCalls

/** The one message from the main process to the console: the state of the server changed. */
export const CONNECTION_CHANGED = 'connection:changed'

/** Errors travel as data: Electron keeps only `message` of an error thrown across IPC. */
export type Reply<T> = { ok: true; value: T } | { ok: false; code: ErrorCode; message: string }

/** What main must implement; a missing channel does not compile. */
export type DesktopHandlers = {
  [C in DesktopChannel]: (args: DesktopCalls[C]['args']) => Promise<DesktopCalls[C]['result']>
}

type Answer<C extends DesktopChannel> = Promise<Reply<DesktopCalls[C]['result']>>

/** What the preload script puts on `window.mishkahDesktop`; absent in a browser. */
export interface DesktopBridge {
  getConnection(): Answer<'connection:get'>
  chooseFolder(purpose: FolderPurpose): Answer<'dialog:choose-folder'>
  showItem(item: ShowableItem): Answer<'shell:show-item'>
  openLink(url: string): Answer<'shell:open-link'>
  getAutostart(): Answer<'autostart:get'>
  setAutostart(isEnabled: boolean): Answer<'autostart:set'>
  restartServer(): Answer<'server:restart'>
  getAppInfo(): Answer<'app:get-info'>
  /** @returns A function that ends the subscription. */
  onConnectionChanged(listener: (connection: Connection) => void): () => void
}
