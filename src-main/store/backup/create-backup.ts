import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import { folderName } from '../../lib/folder-name.ts'
import type { Progress } from '../api.ts'
import { makeFolderDurably, removeDurably, syncFile, syncFolder } from '../archive/durable-file.ts'
import type { FileThread } from '../file-work/file-thread.ts'
import { hashFile, toDiskError } from '../file-work/file-work.ts'
import { PARTIAL_MARKER } from './backup-folders.ts'
import { type BackupBranch, type BackupFile, readManifest, summaryOf, writeManifest } from './manifest.ts'

export interface BackupPlan {
  dataDir: string
  /** Where the finished backup's folder will stand. */
  folder: string
  backupId: string
  createdAt: string
  now(): string
  branchIds: readonly string[]
  reason: BackupSummary['reason']
  note: string | null
  version: string
  installationId: string
  fileThread: FileThread
  onProgress: Progress
  /** For tests: called at named points, may throw. */
  failAt?: (point: BackupPoint) => void
}

export type BackupPoint = 'copied' | 'verified' | 'manifest-written' | 'renamed'

const ROOT_FILES = ['modules.json', 'branches.config.json', 'sequence-rules.json']
const ROOT_FOLDERS = ['schemas', 'security']
const MODULE_FOLDERS = ['schema', 'seeds']

/** Relative path of a branch's database in the data root and in a backup. */
export function databasePath(branchId: string): string {
  return `branches/${folderName(branchId)}/sqlite/branch.db`
}

/**
 * Makes a backup: a folder laid out like the data root.
 *
 *   <id>.partial/  copy each branch.db (one moment each) ─ system.db, last, so that its marks cover the branches ─
 *                  configuration ─ verify every copy ─ manifest ─ sync ─ rename to <id>/
 *
 * It counts only once it has its name; whatever fails before leaves nothing that could be taken for a backup.
 */
export async function createBackup(plan: BackupPlan): Promise<BackupSummary> {
  const partial = join(plan.folder, `${plan.backupId}.partial`)
  try {
    makeFolderDurably(partial, 0o700)
    writeFileSync(join(partial, PARTIAL_MARKER), JSON.stringify({ installationId: plan.installationId }))
    const files = await copyAll(plan, partial)
    plan.failAt?.('copied')
    const branches = await verifyCopies(plan, partial)
    plan.failAt?.('verified')
    const { backupId, createdAt, version, reason, note, installationId } = plan
    writeManifest(partial, {
      version,
      backupId,
      createdAt,
      verifiedAt: plan.now(),
      reason,
      note,
      installationId,
      files,
      branches,
    })
    plan.failAt?.('manifest-written')
    removeDurably(join(partial, PARTIAL_MARKER))
    const target = join(plan.folder, plan.backupId)
    renameSync(partial, target)
    syncFolder(plan.folder)
    plan.failAt?.('renamed')
    return summaryOf(target, readManifest(target))
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw toDiskError(error)
  }
}

/** Bytes that the databases of a backup may take at most. */
export function databaseBytes(dataDir: string, branchIds: readonly string[]): number {
  const paths = ['system.db', ...branchIds.map(databasePath)].flatMap((path) => [path, `${path}-wal`])
  return paths.reduce((sum, path) => sum + (statSync(join(dataDir, path), { throwIfNoEntry: false })?.size ?? 0), 0)
}

async function copyAll(plan: BackupPlan, partial: string): Promise<BackupFile[]> {
  const { dataDir, fileThread, onProgress } = plan
  const databases = [...plan.branchIds.map(databasePath), 'system.db'].filter((path) => existsSync(join(dataDir, path)))
  const sizes = databases.map((path) => statSync(join(dataDir, path)).size)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const files: BackupFile[] = []
  let done = 0
  for (const [index, path] of databases.entries()) {
    onProgress('copying', done, total)
    makeFolderDurably(join(partial, dirname(path)), 0o700)
    files.push({
      path,
      ...(await fileThread.run('copy', { source: join(dataDir, path), target: join(partial, path) })),
    })
    done += sizes[index]!
  }
  for (const path of configurationFiles(dataDir, plan.branchIds)) {
    makeFolderDurably(join(partial, dirname(path)), 0o700)
    copyFileSync(join(dataDir, path), join(partial, path))
    syncFile(join(partial, path))
    files.push({ path, ...hashFile(join(partial, path)) })
  }
  onProgress('copying', total, total)
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(join(partial, folder))
  return files
}

/** Schemas, modules, branches, rules; of each branch its own schemas and seeds. Paths with "/". */
function configurationFiles(dataDir: string, branchIds: readonly string[]): string[] {
  const files = ROOT_FILES.filter((name) => existsSync(join(dataDir, name)))
  for (const folder of ROOT_FOLDERS) files.push(...filesBelow(dataDir, folder))
  for (const branchId of branchIds) {
    const modules = `branches/${folderName(branchId)}/modules`
    if (!existsSync(join(dataDir, modules))) continue
    for (const module of readdirSync(join(dataDir, modules))) {
      for (const folder of MODULE_FOLDERS) files.push(...filesBelow(dataDir, `${modules}/${module}/${folder}`))
    }
  }
  return files
}

function filesBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(root, path)
    return entry.isFile() ? [path] : []
  })
}

async function verifyCopies(plan: BackupPlan, partial: string): Promise<BackupBranch[]> {
  const { fileThread, onProgress } = plan
  const hasSystem = existsSync(join(partial, 'system.db'))
  const marks = hasSystem ? await fileThread.run('verify-system', { path: join(partial, 'system.db') }) : []
  const branches: BackupBranch[] = []
  for (const branchId of plan.branchIds) {
    const path = databasePath(branchId)
    if (!existsSync(join(partial, path))) continue
    const figures = await fileThread.run('verify-branch', { path: join(partial, path), branchId }, (done, total) =>
      onProgress('verifying', done, total),
    )
    const own = marks.filter((mark) => mark.branch === branchId).map(({ branch: _, ...mark }) => mark)
    branches.push({ branchId, path, marks: own, ...figures })
  }
  return branches
}
