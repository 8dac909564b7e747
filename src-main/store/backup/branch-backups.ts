import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { AppError } from '../../../src-shared/errors.ts'
import type { BackupSummary, RestoreProof } from '../../../src-shared/protocol/management.ts'
import { isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { Backups, Progress } from '../api.ts'
import { fileTime } from '../archive/durable-file.ts'
import { FileThread } from '../file-work/file-thread.ts'
import { BackupFolders, checkFreeSpace, freeBytesOf } from './backup-folders.ts'
import { type BackupPoint, createBackup, databaseBytes } from './create-backup.ts'
import { type BackupBranch, invalid, type Manifest } from './manifest.ts'
import { BranchRestore, type BranchRestoreResult, isDamage, type RestoreParts } from './restore-branch.ts'

export interface BackupOptions extends Omit<RestoreParts, 'fileThread'> {
  /** The product's version, for the manifest. */
  version: string
  /** Where the code of its thread for files is; another place in a bundle. */
  threadUrl?: URL
  /** Free bytes on the disk of a folder. */
  freeBytes?: (folder: string) => number
  failBackupAt?: (point: BackupPoint) => void
}

/** Backups of the whole data root, and the way back. One of them at a time. */
export class BranchBackups implements Backups {
  readonly #options: BackupOptions
  readonly #folders: BackupFolders
  readonly #fileThread: FileThread
  readonly #freeBytes: (folder: string) => number
  #isBusy = false

  constructor(options: BackupOptions) {
    this.#options = { ...options, dataDir: resolve(options.dataDir) }
    this.#folders = new BackupFolders(options.dataDir, options.database, options.log)
    this.#fileThread = new FileThread(options.threadUrl)
    this.#freeBytes = options.freeBytes ?? freeBytesOf
  }

  /** The default folder. */
  get folder(): string {
    return this.#folders.standard
  }

  list(): BackupSummary[] {
    return this.#folders.list()
  }

  /**
   * Copies every branch, system.db and the configuration into a folder of its own, and checks the copy from end to end
   * before it counts. Writers go on.
   *
   * @throws AppError `disk-full`; `invalid-request` for a folder that cannot be used; `task-running`; `store-corrupt` or
   * `chain-broken` when the data itself is damaged.
   */
  create(input: Parameters<Backups['create']>[0]): Promise<BackupSummary> {
    return this.#alone(() => this.#create(input, this.#options.branches.branchIds()))
  }

  /**
   * Brings one branch, or all that the backup and this server share, back to the moment of the backup. The state before
   * is kept as a backup of its own and beside the live data.
   *
   * @throws AppError `backup-not-found`, `backup-invalid`, `branch-not-found`, `disk-full`, `task-running`.
   */
  restore(input: Parameters<Backups['restore']>[0]): Promise<RestoreProof> {
    return this.#alone(() => this.#restore(input.backupId, input.branchId, input.onProgress ?? (() => undefined)))
  }

  /** Ends its thread. May be called twice. */
  async close(): Promise<void> {
    await this.#fileThread.close()
  }

  async #create(
    input: Parameters<Backups['create']>[0],
    branchIds: readonly string[],
    onProgress: Progress = input.onProgress ?? (() => undefined),
  ): Promise<BackupSummary> {
    const { dataDir, clock, version, failBackupAt } = this.#options
    const installationId = this.#installationId()
    const folder = this.#folders.prepare(input.folder)
    this.#folders.removeInterrupted(folder, installationId)
    checkFreeSpace(folder, databaseBytes(dataDir, branchIds), this.#freeBytes)
    const createdAt = isoTime(clock.now())
    const summary = await createBackup({
      dataDir,
      folder,
      backupId: `backup-${fileTime(createdAt)}-${randomBytes(3).toString('hex')}`,
      createdAt,
      now: () => isoTime(clock.now()),
      branchIds,
      reason: input.reason,
      note: input.note?.trim() || null,
      version,
      installationId,
      fileThread: this.#fileThread,
      onProgress,
      ...(failBackupAt && { failAt: failBackupAt }),
    })
    this.#folders.remember(folder)
    return summary
  }

  async #restore(backupId: string, branchId: string | undefined, onProgress: Progress): Promise<RestoreProof> {
    const { path, manifest } = this.#folders.open(backupId)
    const chosen = this.#chooseBranches(manifest, branchId)
    await this.#verifyFiles(path, manifest, onProgress)
    const chosenIds = chosen.map((branch) => branch.branchId)
    const { dataDir } = this.#options
    checkFreeSpace(dataDir, 2 * databaseBytes(dataDir, chosenIds) + sizeOf(manifest, chosen), this.#freeBytes)
    const safetyBackupId = await this.#makeSafetyBackup(manifest, chosenIds, onProgress)
    const results: BranchRestoreResult[] = []
    for (const branch of chosen) {
      const restore = new BranchRestore({ ...this.#options, fileThread: this.#fileThread }, { path, branch })
      results.push(await restore.run(onProgress))
    }
    return {
      backupId,
      safetyBackupId: safetyBackupId ?? results[0]!.replaced,
      branches: results.map((result) => result.proof),
      sequences: results.flatMap((result) => result.sequences),
    }
  }

  #chooseBranches(manifest: Manifest, branchId: string | undefined): BackupBranch[] {
    const here = new Set(this.#options.branches.branchIds())
    const chosen = manifest.branches.filter((branch) =>
      branchId === undefined ? here.has(branch.branchId) : branch.branchId === branchId && here.has(branchId),
    )
    if (chosen.length > 0) return chosen
    throw new AppError('branch-not-found', 'The backup and this server have no such branch in common.', {
      details: { branchId: branchId ?? null, inBackup: manifest.branches.map((branch) => branch.branchId) },
    })
  }

  /** Every file again, byte for byte: a backup may have lain on a stick for a year. */
  async #verifyFiles(path: string, manifest: Manifest, onProgress: Progress): Promise<void> {
    const total = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0)
    let done = 0
    for (const file of manifest.files) {
      onProgress('hashing', done, total)
      const stamp = await this.#fileThread.run('hash', { path: join(path, file.path) }).catch((cause: unknown) => {
        throw invalid(path, `${file.path} cannot be read`, { cause: String(cause) })
      })
      if (stamp.sha256 !== file.sha256 || stamp.sizeBytes !== file.sizeBytes) {
        throw invalid(path, `${file.path} was changed since it was made`, { file: file.path })
      }
      done += file.sizeBytes
    }
  }

  /** Undefined when the running data is too damaged for a backup: it is kept beside the restored data all the same. */
  async #makeSafetyBackup(
    manifest: Manifest,
    branchIds: readonly string[],
    onProgress: Progress,
  ): Promise<string | undefined> {
    const note = `Before the restore of ${manifest.backupId}`
    try {
      return (await this.#create({ reason: 'before-restore', note }, branchIds, onProgress)).backupId
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#options.log.warn('safety-backup-impossible', { error })
      return undefined
    }
  }

  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isBusy) throw new AppError('task-running', 'A backup or restore is already running.')
    this.#isBusy = true
    try {
      return await work()
    } finally {
      this.#isBusy = false
      await this.#fileThread.close()
    }
  }

  /** Made at the first backup; tells backups of this data root from those of another. */
  #installationId(): string {
    const { database, clock } = this.#options
    const known = database.findSetting('installation-id')
    if (known !== undefined) return known
    const id = `inst-${uuid7(clock.now())}`
    database.setSetting('installation-id', id)
    return id
  }
}

function sizeOf(manifest: Manifest, branches: readonly BackupBranch[]): number {
  const paths = new Set(branches.map((branch) => branch.path))
  return manifest.files.filter((file) => paths.has(file.path)).reduce((sum, file) => sum + file.sizeBytes, 0)
}
