import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a rename or a new name in a folder survive a power cut. Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes the bytes of a file survive a power cut. */
export function syncFile(path: string): void {
  const handle = openSync(path, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes a folder and those above it, so that a file in it cannot be lost together with its folder. */
export function makeFolderDurably(folder: string, mode = 0o777): void {
  const first = mkdirSync(folder, { recursive: true, mode })
  if (first === undefined) return
  for (let at = dirname(folder); ; at = dirname(at)) {
    syncFolder(at)
    if (at === dirname(first) || at === dirname(at)) return
  }
}

/** Writes beside, syncs, renames: a pulled plug leaves the old file or the new one, never a part. */
export function writeDurably(path: string, text: string): void {
  const beside = `${path}.partial`
  const handle = openSync(beside, 'w', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(beside, path)
  syncFolder(dirname(path))
}

export function removeDurably(path: string): void {
  rmSync(path, { force: true })
  syncFolder(dirname(path))
}

/** ISO time as it stands in file names: without ":" and ".". */
export function fileTime(iso: string): string {
  return iso.replace(/[:.]/g, '-')
}

/** Lets sockets and requests have their turn between two pieces of long work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
