/**
 * The part of Electron that the desktop shell uses, without Electron: windows are pages of a real Chromium, everything else
 * behaves as its documentation page says or is recorded for the test. Each behaviour names that page.
 */
import { listenForTest } from './control.ts'

export { app } from './app.ts'
export {
  clipboard,
  crashReporter,
  dialog,
  nativeImage,
  powerMonitor,
  powerSaveBlocker,
  StandInMenu as Menu,
  StandInTray as Tray,
  safeStorage,
  shell,
} from './desktop.ts'
export { ipcMain } from './ipc.ts'
export { protocol, session } from './session.ts'
export { StandInWindow as BrowserWindow } from './window.ts'

listenForTest()
