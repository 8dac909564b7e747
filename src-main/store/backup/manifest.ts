import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src-shared/errors.ts'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import { writeDurably } from '../archive/durable-file.ts'
import type { FileStamp } from '../file-work/file-work.ts'
import { LAYOUT_VERSION } from '../sqlite/branch-tables.ts'
import type { SequenceMark } from '../sqlite/system-database.ts'
import type { BranchFigures } from './verify-branch.ts'

const PRODUCT = 'mishkah-branch-server'
const FORMAT = 1
const NAME = 'manifest.json'

export interface BackupFile extends FileStamp {
  /** Relative to the backup's folder and, with the same value, to the data root; always with "/". */
  path: string
}

export interface BackupBranch extends BranchFigures {
  branchId: string
  /** The branch's database inside the backup. */
  path: string
  /** High-water marks at the time of the backup. */
  marks: SequenceMark[]
}

/** What a backup says of itself. Written last: a folder without it is no backup. */
export interface Manifest {
  product: typeof PRODUCT
  format: number
  version: string
  layout: number
  backupId: string
  createdAt: string
  verifiedAt: string
  reason: BackupSummary['reason']
  note: string | null
  /** Which installation made it. */
  installationId: string
  files: BackupFile[]
  branches: BackupBranch[]
}

export type NewManifest = Omit<Manifest, 'product' | 'format' | 'layout'>

/** Writes the manifest with a checksum of its own as its last line. */
export function writeManifest(folder: string, manifest: NewManifest): void {
  const full: Manifest = { product: PRODUCT, format: FORMAT, layout: LAYOUT_VERSION, ...manifest }
  const text = JSON.stringify(full, null, 1).slice(0, -2)
  writeDurably(join(folder, NAME), `${text},\n "checksum": "${checksumOf(text)}"\n}\n`)
}

/** @throws AppError `backup-not-found`, `backup-invalid`. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, NAME)
  if (!existsSync(path)) throw invalid(folder, 'it has no manifest')
  const file = readFileSync(path, 'utf8')
  const end = file.lastIndexOf(',\n "checksum": "')
  const text = file.slice(0, Math.max(end, 0))
  if (end < 0 || file !== `${text},\n "checksum": "${checksumOf(text)}"\n}\n`) {
    throw invalid(folder, 'its manifest is damaged')
  }
  const manifest = JSON.parse(`${text}\n}`) as Manifest
  if (manifest.product !== PRODUCT) throw invalid(folder, 'it was made by another product')
  if (manifest.format > FORMAT || manifest.layout > LAYOUT_VERSION)
    throw invalid(folder, 'it was made by a newer version')
  return manifest
}

/** Whether every file of the backup is there with its size. Reads no content. */
export function findMissingFile(folder: string, manifest: Manifest): BackupFile | undefined {
  return manifest.files.find(({ path, sizeBytes }) => {
    const found = statSync(join(folder, path), { throwIfNoEntry: false })
    return !found?.isFile() || found.size !== sizeBytes
  })
}

export function summaryOf(folder: string, manifest: Manifest, problem?: string): BackupSummary {
  const { backupId, createdAt, note, reason, files, branches } = manifest
  return {
    backupId,
    createdAt,
    folder,
    note,
    reason,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    isVerified: problem === undefined,
    ...(problem !== undefined && { problem }),
    branches: branches.map(({ branchId, modules }) => ({
      branchId,
      modules: modules.map(({ moduleId, epoch, seq, records, headHash }) => ({
        moduleId,
        epoch,
        seq,
        records,
        headHash,
      })),
    })),
  }
}

export function invalid(folder: string, problem: string, details: Record<string, unknown> = {}): AppError {
  const backupId = folder.slice(Math.max(folder.lastIndexOf('/'), folder.lastIndexOf('\\')) + 1)
  return new AppError('backup-invalid', `The backup ${backupId} is not used: ${problem}.`, {
    details: { backupId, problem, ...details },
    hint: 'Choose another backup; the data of this server was not changed.',
  })
}

function checksumOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
