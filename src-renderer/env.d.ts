import type { DesktopBridge } from '../src-shared/ipc.ts'

declare global {
  interface Window {
    /** Only in the window of the desktop app. */
    readonly mishkahDesktop?: DesktopBridge
  }
}
