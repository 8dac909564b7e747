import type { App } from 'electron'
import type { Autostart } from '../../src-shared/ipc.ts'

export type LoginItems = Pick<App, 'getLoginItemSettings' | 'setLoginItemSettings' | 'isPackaged'>

/** Electron has login items on Windows and macOS only; from the sources they would register Electron itself. */
export function readAutostart(app: LoginItems, platform: NodeJS.Platform = process.platform): Autostart {
  const isSupported = app.isPackaged && (platform === 'win32' || platform === 'darwin')
  return { isSupported, isEnabled: isSupported && app.getLoginItemSettings().openAtLogin }
}

export function writeAutostart(
  app: LoginItems,
  isEnabled: boolean,
  platform: NodeJS.Platform = process.platform,
): Autostart {
  if (readAutostart(app, platform).isSupported) app.setLoginItemSettings({ openAtLogin: isEnabled })
  return readAutostart(app, platform)
}
