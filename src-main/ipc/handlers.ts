import { join } from 'node:path'
import type { BrowserWindow, Dialog, Shell } from 'electron'
import type { Connection, DesktopHandlers, ShowableItem } from '../../src-shared/ipc.ts'
import { isInstalled } from '../config/paths.ts'
import { isAllowedLink } from './allowed-links.ts'
import { type LoginItems, readAutostart, writeAutostart } from './autostart.ts'

export interface HandlerParts {
  app: LoginItems
  dialog: Pick<Dialog, 'showOpenDialog'>
  shell: Pick<Shell, 'openPath' | 'openExternal'>
  version: string
  dataDir: string
  logDir: string
  getWindow(): BrowserWindow | undefined
  getConnection(): Connection
  listLanUrls(): string[]
  /** Resolves when the server is back; rejects with the reason, which the connection then carries too. */
  restartServer(): Promise<unknown>
}

const CHOOSER_TITLES = { backup: 'Folder for backups', export: 'Folder for the export' }

/** What the channels do. Paths come from here or from a dialog, never from the page. */
export function createHandlers(parts: HandlerParts): DesktopHandlers {
  const { app, dialog, shell } = parts
  const folders: Record<ShowableItem, string> = {
    'data-folder': parts.dataDir,
    'log-folder': parts.logDir,
    'backup-folder': join(parts.dataDir, 'backups'),
  }
  return {
    'connection:get': async () => parts.getConnection(),
    'dialog:choose-folder': async ({ purpose }) => {
      const properties = ['openDirectory', 'createDirectory', 'promptToCreate'] as const
      const options = { title: CHOOSER_TITLES[purpose], properties: [...properties] }
      const window = parts.getWindow()
      const chosen = window ? await dialog.showOpenDialog(window, options) : await dialog.showOpenDialog(options)
      return chosen.canceled ? null : (chosen.filePaths[0] ?? null)
    },
    'shell:show-item': async ({ item }) => (await shell.openPath(folders[item])) === '',
    'shell:open-link': async ({ url }) => {
      if (!isAllowedLink(url)) return false
      await shell.openExternal(url)
      return true
    },
    'autostart:get': async () => readAutostart(app),
    'autostart:set': async ({ isEnabled }) => writeAutostart(app, isEnabled),
    'server:restart': async () => {
      await parts.restartServer()
      return parts.getConnection()
    },
    'app:get-info': async () => ({
      version: parts.version,
      platform: process.platform,
      electron: process.versions.electron ?? '',
      node: process.versions.node,
      dataFolder: parts.dataDir,
      logFolder: parts.logDir,
      isInstalled,
      lanUrls: parts.listLanUrls(),
    }),
  }
}
