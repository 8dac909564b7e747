import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject } from '../../../src-shared/json.ts'
import { fileTime, removeDurably, syncFolder, writeDurably } from '../archive/durable-file.ts'

const LIVE = 'sqlite'
const MARKER = 'restore.json'
const STAGED = /^staged-[0-9TZ-]+$/
const REPLACED = /^replaced-[0-9TZ-]+$/
const KEPT_REPLACED = 2

export interface Swap {
  /** Folder names inside the branch's folder. */
  staged: string
  replaced: string
}

export type SwapPoint = 'marker-written' | 'live-moved' | 'stage-moved' | 'mirrors-moved' | 'marker-removed'

/** A place in a restore at which a test wants the process to have died: nothing is tidied up. */
export class CrashPoint extends Error {}

/** The way back from a swap that is done: the replaced folder is staged, the new one is replaced. */
export function reverseSwap(branchFolder: string, swap: Swap, iso: string): Swap {
  return { staged: swap.replaced, replaced: newSwap(branchFolder, iso).replaced }
}

/** Names for a swap that nothing in the folder has yet. */
export function newSwap(branchFolder: string, iso: string): Swap {
  let time = fileTime(iso)
  for (let copy = 2; existsSync(join(branchFolder, `replaced-${time}`)); copy++) time = `${fileTime(iso)}-${copy}`
  return { staged: `staged-${time}`, replaced: `replaced-${time}` }
}

/**
 * Puts the staged database in the place of the live one. Both must be closed.
 *
 *   marker restore.json ─ sqlite -> replaced-… ─ staged-… -> sqlite ─ old mirrors aside ─ no marker
 *
 * A crash before the marker leaves the old data, a crash after it leads on to the new: `finishInterruptedRestore` at the
 * next start does the rest. A branch never has parts of both. Windows refuses to rename while anybody has a file open
 * (virus scanners do for a moment), hence the retries.
 */
export function swapFolders(branchFolder: string, swap: Swap, reach: (point: SwapPoint) => void): void {
  writeDurably(join(branchFolder, MARKER), JSON.stringify(swap))
  reach('marker-written')
  rename(branchFolder, LIVE, swap.replaced)
  reach('live-moved')
  rename(branchFolder, swap.staged, LIVE)
  reach('stage-moved')
  setMirrorsAside(branchFolder, swap)
  reach('mirrors-moved')
  removeDurably(join(branchFolder, MARKER))
  reach('marker-removed')
}

/** After a swap that failed at any step: the old database back in its place, the staged one dropped. */
export function undoSwap(branchFolder: string, swap: Swap): void {
  if (existsSync(join(branchFolder, swap.replaced))) {
    if (existsSync(join(branchFolder, LIVE))) rename(branchFolder, LIVE, swap.staged)
    rename(branchFolder, swap.replaced, LIVE)
  }
  removeDurably(join(branchFolder, MARKER))
  rmSync(join(branchFolder, swap.staged), { recursive: true, force: true })
}

/**
 * Brings a branch's folder into a whole state after a crash: with a marker the new data is put in place, without one a
 * half-made stage is dropped and the old data stays. Call it before the database is opened. Cheap when nothing happened.
 *
 * @throws AppError `store-failed` when the folder is in no state that a restore leaves.
 */
export function finishInterruptedRestore(branchFolder: string): 'nothing' | 'completed' | 'dropped' {
  if (!existsSync(branchFolder)) return 'nothing'
  const swap = readMarker(branchFolder)
  if (!swap) return dropStages(branchFolder) ? 'dropped' : 'nothing'
  const has = (name: string): boolean => existsSync(join(branchFolder, name))
  if (has(swap.staged)) {
    if (has(LIVE)) {
      if (has(swap.replaced)) throw mixed(swap)
      rename(branchFolder, LIVE, swap.replaced)
    }
    rename(branchFolder, swap.staged, LIVE)
  } else if (!has(LIVE)) {
    if (!has(swap.replaced)) throw mixed(swap)
    // The stage is gone: nothing to go on to, and the old data is whole.
    rename(branchFolder, swap.replaced, LIVE)
  }
  setMirrorsAside(branchFolder, swap)
  removeDurably(join(branchFolder, MARKER))
  return 'completed'
}

/** Removes all but the newest replaced databases. */
export function pruneReplaced(branchFolder: string): void {
  const names = readdirSync(branchFolder).filter((name) => REPLACED.test(name))
  for (const name of names.sort().reverse().slice(KEPT_REPLACED)) {
    rmSync(join(branchFolder, name), { recursive: true, force: true, maxRetries: 3 })
  }
}

/** An unreadable marker was never synced: it was not obeyed, so the old data is in place. */
function readMarker(branchFolder: string): Swap | undefined {
  const path = join(branchFolder, MARKER)
  if (!existsSync(path)) return undefined
  try {
    const marker: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isJsonObject(marker) && typeof marker.staged === 'string' && typeof marker.replaced === 'string') {
      if ((STAGED.test(marker.staged) || REPLACED.test(marker.staged)) && REPLACED.test(marker.replaced)) {
        return { staged: marker.staged, replaced: marker.replaced }
      }
    }
  } catch {
    // Handled below, like a marker with other content.
  }
  throw new AppError('store-failed', 'The file restore.json of a branch is damaged.', {
    hint: `Look into ${branchFolder}: keep the folder "sqlite", remove restore.json, and start again.`,
  })
}

function dropStages(branchFolder: string): boolean {
  const stages = readdirSync(branchFolder).filter((name) => STAGED.test(name))
  for (const name of stages) rmSync(join(branchFolder, name), { recursive: true, force: true, maxRetries: 3 })
  return stages.length > 0
}

/** The mirrors show a day whose end no longer happened: kept for people, out of the way of the new epoch. */
function setMirrorsAside(branchFolder: string, swap: Swap): void {
  const modules = join(branchFolder, 'modules')
  if (!existsSync(modules)) return
  for (const module of readdirSync(modules)) {
    const mirror = join(modules, module, 'live', 'events.log')
    const archive = join(modules, module, 'history', 'events')
    if (!existsSync(mirror)) continue
    renameWithRetry(mirror, join(makeFolder(archive), `superseded-${swap.replaced.slice('replaced-'.length)}.log`))
  }
}

function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true })
  return folder
}

function rename(branchFolder: string, from: string, to: string): void {
  renameWithRetry(join(branchFolder, from), join(branchFolder, to))
  syncFolder(branchFolder)
}

const RETRIED = new Set(['EPERM', 'EBUSY', 'EACCES', 'ENOTEMPTY'])
const RETRY_MS = [10, 20, 50, 100, 200, 400, 800]

/** Blocks for up to 1.6 s where Windows still holds a file. */
function renameWithRetry(from: string, to: string): void {
  for (const waitMs of RETRY_MS) {
    try {
      renameSync(from, to)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && RETRIED.has(String(error.code)))) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs)
    }
  }
  renameSync(from, to)
}

function mixed(swap: Swap): AppError {
  return new AppError('store-failed', 'A restore was interrupted and the folder of the branch was changed since.', {
    details: { ...swap },
    hint: 'Ask for support before you start again; nothing was deleted.',
  })
}
