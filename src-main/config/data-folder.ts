import { randomBytes, randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { AppError } from '../../src-shared/errors.ts'
import { currentProcess, isAlive, isSameStart, type ProcessIdentity } from './process-identity.ts'

const MARKER = '.mishkah-data'
const LOCK_NAME = /^\.lock-(\d+)-(\d+)-[0-9a-f]+\.json$/
const HEARTBEAT_MS = 10_000
const HEARTBEAT_LOST_MS = 60_000
const ATTEMPTS = 5

export interface OpenDataFolder {
  /** The marker's id: the same as long as the folder is the same. */
  readonly id: string
  /** Gives the folder back. May be called twice. */
  close(): void
}

interface Lock extends ProcessIdentity {
  threadId: number
  createdAt: string
}

/**
 * Takes the data folder for this thread, or says who has it.
 *
 * Every candidate first raises a lock file with a name of its own, then looks at all others, and lowers its own when one
 * of those belongs to a living owner. Whoever comes second sees the first, so two can never both hold; because names are
 * never shared, removing a dead owner's file cannot remove a living one's. A killed owner needs no cleaning up.
 *
 *   A  raise A · look: nobody                  -> holds
 *   B              raise B · look: A lives     -> lowers B, refused
 *   kill -9 A
 *   C                           raise C · look: A is dead, remove A -> holds
 *
 * An empty folder, or one in the format of the field server, gets a marker file. A folder with our databases and without
 * the marker, or with a marker that says it held databases which are not there, has been lost (an unmounted disk, a
 * half-restored copy) and is refused rather than filled anew.
 *
 * @throws AppError `data-folder-locked` (details.pid), `data-folder-missing`.
 */
export function openDataFolder(dir: string): OpenDataFolder {
  makeFolder(dir)
  const release = takeLock(dir)
  try {
    return { id: checkMarker(dir), close: release }
  } catch (error) {
    release()
    throw error
  }
}

/** Gives back what a thread of this process held that ended without closing. Call it only once the thread has ended. */
export function releaseDeadThread(dir: string, deadThreadId: number): void {
  if (!existsSync(dir)) return
  const us = currentProcess()
  for (const { path, lock } of listLocks(dir)) {
    const isOurs = lock?.pid === us.pid && isSameStart(lock.startedAt, us.startedAt)
    if (isOurs && lock.threadId === deadThreadId) rmSync(path, { force: true })
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
    if (!statSync(dir).isDirectory()) throw new Error('not a folder')
  } catch (cause) {
    throw new AppError(
      'data-folder-missing',
      `The data folder ${dir} cannot be used: it cannot be made or is not a folder.`,
      {
        cause,
        hint: 'Check that the disk is there and that this user may write to it, or choose another folder with --data.',
      },
    )
  }
}

function takeLock(dir: string): () => void {
  for (let attempt = 1; ; attempt++) {
    const path = raiseLock(dir)
    const owner = findLivingOwner(dir, path)
    if (!owner) return holdLock(path)
    rmSync(path, { force: true })
    // Two that start in the same moment see each other and both step back: try again, at different times.
    const isYoung = Date.now() - Date.parse(owner.createdAt) < 2_000
    if (attempt >= ATTEMPTS || !isYoung) throw lockedError(dir, owner)
    pause(20 + randomBytes(1)[0]!)
  }
}

function raiseLock(dir: string): string {
  const us = currentProcess()
  const lock: Lock = { ...us, threadId, createdAt: new Date().toISOString() }
  const name = `.lock-${us.pid}-${threadId}-${randomBytes(6).toString('hex')}`
  const draft = join(dir, `${name}.tmp`)
  const path = join(dir, `${name}.json`)
  try {
    writeFileSync(draft, `${JSON.stringify(lock)}\n`, { mode: 0o600 })
    renameSync(draft, path) // complete as soon as others see it
  } catch (cause) {
    rmSync(draft, { force: true })
    throw new AppError('data-folder-missing', `The data folder ${dir} cannot be written.`, {
      cause,
      hint: 'Check the rights of the folder and that the disk is neither full nor read-only.',
    })
  }
  return path
}

function holdLock(path: string): () => void {
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS)
  heartbeat.unref()
  return () => {
    clearInterval(heartbeat)
    rmSync(path, { force: true })
  }
}

/** Read only by owners that cannot look at our process: another machine or container on the same folder. */
function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // The disk is gone or read-only: the store reports that with the next write.
  }
}

function findLivingOwner(dir: string, ownPath: string): Lock | undefined {
  for (const { path, lock, touchedAtMs } of listLocks(dir)) {
    if (path === ownPath) continue
    const alive = lock && isAlive(lock)
    if (lock && (alive ?? Date.now() - touchedAtMs < HEARTBEAT_LOST_MS)) return lock
    rmSync(path, { force: true })
  }
  return undefined
}

function listLocks(dir: string): { path: string; lock: Lock | undefined; touchedAtMs: number }[] {
  const found = []
  for (const name of readdirSync(dir)) {
    if (!LOCK_NAME.test(name)) continue
    const path = join(dir, name)
    try {
      found.push({ path, lock: parseLock(readFileSync(path, 'utf8')), touchedAtMs: statSync(path).mtimeMs })
    } catch (error) {
      if (!isMissing(error)) throw error // released while we looked
    }
  }
  return found
}

/** Undefined for a file that power loss emptied: its owner cannot be running any more. */
function parseLock(text: string): Lock | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const fields = typeof value === 'object' && value !== null ? (value as Partial<Record<keyof Lock, unknown>>) : {}
    const { pid, startedAt, realm, threadId: thread, createdAt } = fields
    if (typeof pid !== 'number' || typeof startedAt !== 'number' || typeof realm !== 'string') return undefined
    return { pid, startedAt, realm, threadId: Number(thread), createdAt: String(createdAt) }
  } catch {
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function lockedError(dir: string, owner: Lock): AppError {
  const machine = owner.realm.split('|')[0]
  return new AppError('data-folder-locked', `The data folder ${dir} is in use by process ${owner.pid} on ${machine}.`, {
    details: { pid: owner.pid, since: owner.createdAt },
    hint: 'Another Mishkah Branch Server runs on it. Stop that one, or start this one with another --data folder.',
  })
}

interface Marker {
  id: string
  createdAt: string
  /** Our databases were seen in the folder. */
  holdsData: boolean
}

function checkMarker(dir: string): string {
  const marker = readMarker(dir)
  const holdsData = hasOurData(dir)
  if (!marker && holdsData) {
    throw lostError(dir, `has databases but has lost its marker file ${MARKER}`)
  }
  if (marker?.holdsData && !holdsData) {
    throw lostError(dir, `held the data of a branch and is now without it`)
  }
  const next = { ...(marker ?? { id: randomUUID(), createdAt: new Date().toISOString() }), holdsData }
  if (!marker || marker.holdsData !== holdsData) writeMarker(dir, next)
  return next.id
}

function lostError(dir: string, what: string): AppError {
  return new AppError('data-folder-missing', `The data folder ${dir} ${what}.`, {
    hint:
      `Check that the right disk is mounted there and that a copy is complete. To use the folder as it is, ` +
      `${what.includes('marker') ? `make an empty file ${MARKER} in it` : `remove the file ${MARKER} from it`}.`,
  })
}

function readMarker(dir: string): Marker | undefined {
  const path = join(dir, MARKER)
  if (!existsSync(path)) return undefined
  const fallback: Marker = { id: randomUUID(), createdAt: new Date().toISOString(), holdsData: false }
  try {
    return { ...fallback, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<Marker>) }
  } catch {
    return fallback // made by hand, or emptied by power loss: that it is there is what counts
  }
}

function writeMarker(dir: string, marker: Marker): void {
  const draft = join(dir, `${MARKER}.tmp`)
  writeFileSync(draft, `${JSON.stringify(marker)}\n`, { flush: true })
  renameSync(draft, join(dir, MARKER))
}

/** A folder of the field server has `branches/` too, but keeps its database elsewhere. */
function hasOurData(dir: string): boolean {
  if (existsSync(join(dir, 'system.db'))) return true
  const branches = join(dir, 'branches')
  return (
    existsSync(branches) && readdirSync(branches).some((id) => existsSync(join(branches, id, 'sqlite', 'branch.db')))
  )
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
