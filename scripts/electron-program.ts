import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Where `npx install-electron` puts the program. Only looked at: asking the package itself would start a download. */
export function findElectron(): string | undefined {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(root, 'node_modules', 'electron', 'dist')
  const pathFile = join(root, 'node_modules', 'electron', 'path.txt')
  const program = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : defaultProgram()
  const path = join(folder, program)
  return existsSync(path) ? path : undefined
}

function defaultProgram(): string {
  if (process.platform === 'win32') return 'electron.exe'
  return process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron'
}

/** @returns One sentence when there is no way to open a window here. */
export function whyNoWindow(electron: string | undefined): string | undefined {
  if (!electron) return 'Running without a window: Electron is not installed ("npx install-electron" downloads it).'
  const needsDisplay = process.platform !== 'win32' && process.platform !== 'darwin'
  if (needsDisplay && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return 'Running without a window: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set).'
  }
  return undefined
}
