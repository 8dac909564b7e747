import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, statfsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { isJsonObject } from '../../../src-shared/json.ts'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import type { Log } from '../../lib/log.ts'
import type { SystemDatabase } from '../sqlite/system-database.ts'
import { findMissingFile, type Manifest, readManifest, summaryOf } from './manifest.ts'

const BACKUP_ID = /^backup-[0-9TZ-]{1,40}-[0-9a-f]{6}$/
const SETTING = 'backup-folders'
/** Marks a folder that is being filled, with the installation that fills it. */
export const PARTIAL_MARKER = 'partial.json'

/** Where backups are: the default folder and those that a manager named. */
export class BackupFolders {
  readonly standard: string
  readonly #dataDir: string
  readonly #database: SystemDatabase
  readonly #log: Log
  readonly #summaries = new Map<string, { stamp: string; summary: BackupSummary }>()

  constructor(dataDir: string, database: SystemDatabase, log: Log) {
    this.#dataDir = resolve(dataDir)
    this.standard = join(this.#dataDir, 'backups')
    this.#database = database
    this.#log = log
  }

  /**
   * Makes the folder that backups go to.
   *
   * @throws AppError `invalid-request` for a folder that cannot be used, with the reason.
   */
  prepare(chosen: string | undefined): string {
    if (chosen === undefined) {
      mkdirSync(this.standard, { recursive: true, mode: 0o700 })
      return this.standard
    }
    if (!isAbsolute(chosen) || chosen.includes('\0')) throw unusable('The backup folder must be a full path.')
    const folder = resolve(chosen)
    this.#refuseInside(folder)
    try {
      makeFolder(folder)
      if (!statSync(folder).isDirectory()) throw new Error('not a folder')
      this.#refuseInside(realpathSync(folder))
    } catch (error) {
      if (isAppError(error)) throw error
      throw unusable('The backup folder cannot be made or written to.', error)
    }
    return folder
  }

  remember(folder: string): void {
    if (folder === this.standard) return
    const folders = this.#remembered()
    if (!folders.includes(folder)) this.#database.setSetting(SETTING, JSON.stringify([...folders, folder]))
  }

  /** Newest first, damaged ones with their problem. Cheap: manifests are read once. */
  list(): BackupSummary[] {
    const found = this.#all().flatMap(({ path, backupId }) => this.#summary(path, backupId))
    return found.sort((left, right) =>
      left.createdAt < right.createdAt ? 1 : left.createdAt > right.createdAt ? -1 : 0,
    )
  }

  /** @throws AppError `backup-not-found`, `backup-invalid`. */
  open(backupId: string): { path: string; manifest: Manifest } {
    const found = this.#all().find((entry) => entry.backupId === backupId)
    if (found) return { path: found.path, manifest: readManifest(found.path) }
    throw new AppError('backup-not-found', 'There is no such backup.', { details: { backupId: backupId.slice(0, 64) } })
  }

  /** Removes what interrupted backups of this installation left in a folder. */
  removeInterrupted(folder: string, installationId: string): void {
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.partial') || !BACKUP_ID.test(name.slice(0, -'.partial'.length))) continue
      const path = join(folder, name)
      if (ownerOf(path) !== installationId) continue
      rmSync(path, { recursive: true, force: true })
      this.#log.info('interrupted-backup-removed', { folder: path })
    }
  }

  #all(): { path: string; backupId: string }[] {
    return [this.standard, ...this.#remembered()].flatMap((folder) => {
      try {
        // A stick that is not plugged in is no error: its backups are simply not there.
        if (!existsSync(folder)) return []
        return readdirSync(folder)
          .filter((name) => BACKUP_ID.test(name))
          .map((backupId) => ({ path: join(folder, backupId), backupId }))
      } catch (error) {
        this.#log.warn('backup-folder-unreadable', { folder, error })
        return []
      }
    })
  }

  #summary(path: string, backupId: string): BackupSummary[] {
    const found = statSync(join(path, 'manifest.json'), { throwIfNoEntry: false })
    const stamp = found ? `${found.mtimeMs}/${found.size}` : ''
    const known = this.#summaries.get(path)
    if (known?.stamp === stamp && known.summary.isVerified) return [known.summary]
    const summary = readSummary(path, backupId)
    this.#summaries.set(path, { stamp, summary })
    return [summary]
  }

  #remembered(): string[] {
    const list: unknown = JSON.parse(this.#database.findSetting(SETTING) ?? '[]')
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  }

  #refuseInside(folder: string): void {
    for (const own of ['branches', 'files', 'schemas']) {
      const way = relative(join(this.#dataDir, own), folder)
      if (way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way))) {
        throw unusable('The backup folder must not be inside the data of a branch.')
      }
    }
  }
}

function readSummary(path: string, backupId: string): BackupSummary {
  try {
    const manifest = readManifest(path)
    const missing = findMissingFile(path, manifest)
    return summaryOf(path, manifest, missing && `${missing.path} is missing or has another size`)
  } catch (error) {
    const createdAt = statSync(path, { throwIfNoEntry: false })?.mtime.toISOString() ?? ''
    const problem = isAppError(error) ? error.message : 'It cannot be read.'
    return {
      backupId,
      createdAt,
      folder: path,
      note: null,
      reason: 'manual',
      sizeBytes: 0,
      isVerified: false,
      problem,
      branches: [],
    }
  }
}

function ownerOf(partial: string): string | undefined {
  const path = join(partial, PARTIAL_MARKER)
  if (!existsSync(path)) return undefined
  try {
    const marker: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isJsonObject(marker) && typeof marker.installationId === 'string' ? marker.installationId : undefined
  } catch {
    // Torn while it was made: nobody can say whose it is, so it stays.
    return undefined
  }
}

/** @throws AppError `disk-full` unless the disk of `folder` has `neededBytes` and a reserve. */
export function checkFreeSpace(folder: string, neededBytes: number, freeBytes: (folder: string) => number): void {
  const free = freeBytes(folder)
  const needed = neededBytes + RESERVE_BYTES
  if (free >= needed) return
  throw new AppError('disk-full', 'The disk has not enough room for this.', {
    details: { freeBytes: free, neededBytes: needed },
    hint: `Free ${Math.ceil((needed - free) / 1_000_000)} MB on this disk or choose another folder.`,
  })
}

const RESERVE_BYTES = 64 * 1024 * 1024

export function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/**
 * Makes a folder and its missing parents one by one. Node's own recursive form never comes back from a place such as
 * /proc, where a parent exists and refuses children as if it did not.
 */
function makeFolder(folder: string): void {
  const missing: string[] = []
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.unshift(path)
  for (const path of missing) mkdirSync(path)
}

function unusable(message: string, cause?: unknown): AppError {
  return new AppError('invalid-request', message, {
    ...(cause !== undefined && { cause }),
    hint: 'Choose a folder on another disk, for example a USB stick or a network share.',
  })
}
