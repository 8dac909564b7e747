import { createHash } from 'node:crypto'
import { chmodSync, closeSync, openSync, readSync } from 'node:fs'
import { AppError, type ErrorCode, isAppError } from '../../../src-shared/errors.ts'
import { syncFile } from '../archive/durable-file.ts'
import { type BranchFigures, verifyBranchDatabase } from '../backup/verify-branch.ts'
import { checkDatabaseFile, copyDatabase, readMarks } from '../sqlite/backup-copy.ts'
import { SqliteConnection, toAppError } from '../sqlite/connection.ts'

/** What a thread for files does. Every request names files; none needs the server's own connections. */
export interface FileRequests {
  /** Copies a database that is being written to, and syncs the copy. */
  copy: { args: { source: string; target: string }; result: FileStamp }
  checkpoint: { args: { path: string }; result: undefined }
  hash: { args: { path: string }; result: FileStamp }
  'verify-branch': { args: { path: string; branchId: string }; result: BranchFigures }
  /** Checks a copy of system.db and tells its high-water marks. */
  'verify-system': { args: { path: string }; result: ReturnType<typeof readMarks> }
}

export type FileKind = keyof FileRequests

export interface FileStamp {
  sizeBytes: number
  sha256: string
}

export interface FileRequest<Kind extends FileKind = FileKind> {
  id: number
  kind: Kind
  args: FileRequests[Kind]['args']
}

export type FileReply =
  | { id: number; kind: 'progress'; done: number; total: number }
  | { id: number; kind: 'done'; result: FileRequests[FileKind]['result'] }
  | { id: number; kind: 'failed'; error: FailureData }

/** An error as it crosses threads. */
export interface FailureData {
  code: ErrorCode
  message: string
  details?: Record<string, unknown>
  hint?: string
  stack?: string
}

const CHUNK_BYTES = 1024 * 1024
const PROGRESS_EVERY_MS = 200

/** Carries one request out and tells how it went. Blocks its thread. */
export function carryOut(request: FileRequest, send: (reply: FileReply) => void): void {
  const { id } = request
  let reportedAt = 0
  const onProgress = (done: number, total: number): void => {
    const now = performance.now()
    if (now - reportedAt < PROGRESS_EVERY_MS) return
    reportedAt = now
    send({ id, kind: 'progress', done, total })
  }
  try {
    send({ id, kind: 'done', result: resultOf(request, onProgress) })
  } catch (error) {
    send({ id, kind: 'failed', error: toFailure(error) })
  }
}

function resultOf(
  request: FileRequest,
  onProgress: (done: number, total: number) => void,
): FileRequests[FileKind]['result'] {
  switch (request.kind) {
    case 'copy': {
      const { source, target } = request.args as FileRequests['copy']['args']
      copyDatabase(source, target)
      chmodSync(target, 0o600)
      syncFile(target)
      return hashFile(target)
    }
    case 'checkpoint':
      checkpointFile((request.args as FileRequests['checkpoint']['args']).path)
      return undefined
    case 'hash':
      return hashFile((request.args as FileRequests['hash']['args']).path)
    case 'verify-branch': {
      const { path, branchId } = request.args as FileRequests['verify-branch']['args']
      const connection = SqliteConnection.open(path, { readonly: true })
      try {
        return verifyBranchDatabase(connection, branchId, onProgress)
      } finally {
        connection.close()
      }
    }
    case 'verify-system': {
      const { path } = request.args as FileRequests['verify-system']['args']
      const integrity = checkDatabaseFile(path)
      if (integrity !== 'ok') throw new AppError('store-corrupt', 'system.db is damaged.', { details: { integrity } })
      return readMarks(path)
    }
  }
}

/** Moves the WAL of a database, which others may write to meanwhile, into its file. */
export function checkpointFile(path: string): void {
  const connection = SqliteConnection.open(path)
  try {
    connection.checkpointBeside()
  } finally {
    connection.close()
  }
}

export function hashFile(path: string): FileStamp {
  const hash = createHash('sha256')
  const handle = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    let sizeBytes = 0
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer)) {
      hash.update(buffer.subarray(0, read))
      sizeBytes += read
    }
    return { sizeBytes, sha256: hash.digest('hex') }
  } finally {
    closeSync(handle)
  }
}

function toFailure(error: unknown): FailureData {
  const known = toDiskError(toAppError(error))
  if (isAppError(known)) {
    const { code, message, details, hint } = known
    return { code, message, ...(details && { details }), ...(hint !== undefined && { hint }) }
  }
  const stack = error instanceof Error ? error.stack : undefined
  return { code: 'internal', message: String(error), ...(stack !== undefined && { stack }) }
}

export function fromFailure(failure: FailureData): Error {
  const { code, message, details, hint, stack } = failure
  if (code === 'internal') return Object.assign(new Error(message), stack !== undefined && { stack })
  return new AppError(code, message, { ...(details && { details }), ...(hint !== undefined && { hint }) })
}

/** A file system's "no space" as the error that the store uses for it; anything else passes. */
export function toDiskError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') return error
  return new AppError('disk-full', 'The disk is full.', { cause: error, hint: 'Free some space and try again.' })
}
