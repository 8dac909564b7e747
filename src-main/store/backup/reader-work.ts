import { createHash } from 'node:crypto'
import { chmodSync, closeSync, openSync, readSync } from 'node:fs'
import { AppError, type ErrorCode, isAppError } from '../../../src-shared/errors.ts'
import { syncFile } from '../archive/durable-file.ts'
import { checkDatabaseFile, copyDatabase, readMarks } from '../sqlite/backup-copy.ts'
import { SqliteConnection, toAppError } from '../sqlite/connection.ts'
import { type BranchFigures, verifyBranchDatabase } from './verify-branch.ts'

/** What the reading thread does. Every request names files; none needs the server's own connections. */
export interface ReaderRequests {
  /** Copies a database that is being written to, and syncs the copy. */
  copy: { args: { source: string; target: string }; result: FileStamp }
  hash: { args: { path: string }; result: FileStamp }
  'verify-branch': { args: { path: string; branchId: string }; result: BranchFigures }
  /** Checks a copy of system.db and tells its high-water marks. */
  'verify-system': { args: { path: string }; result: ReturnType<typeof readMarks> }
}

export type ReaderKind = keyof ReaderRequests

export interface FileStamp {
  sizeBytes: number
  sha256: string
}

export interface ReaderRequest<Kind extends ReaderKind = ReaderKind> {
  id: number
  kind: Kind
  args: ReaderRequests[Kind]['args']
}

export type ReaderReply =
  | { id: number; kind: 'progress'; done: number; total: number }
  | { id: number; kind: 'done'; result: ReaderRequests[ReaderKind]['result'] }
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
export function carryOut(request: ReaderRequest, send: (reply: ReaderReply) => void): void {
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
  request: ReaderRequest,
  onProgress: (done: number, total: number) => void,
): ReaderRequests[ReaderKind]['result'] {
  switch (request.kind) {
    case 'copy': {
      const { source, target } = request.args as ReaderRequests['copy']['args']
      copyDatabase(source, target)
      chmodSync(target, 0o600)
      syncFile(target)
      return hashFile(target)
    }
    case 'hash':
      return hashFile((request.args as ReaderRequests['hash']['args']).path)
    case 'verify-branch': {
      const { path, branchId } = request.args as ReaderRequests['verify-branch']['args']
      const connection = SqliteConnection.open(path, { readonly: true })
      try {
        return verifyBranchDatabase(connection, branchId, onProgress)
      } finally {
        connection.close()
      }
    }
    case 'verify-system': {
      const { path } = request.args as ReaderRequests['verify-system']['args']
      const integrity = checkDatabaseFile(path)
      if (integrity !== 'ok') throw new AppError('store-corrupt', 'system.db is damaged.', { details: { integrity } })
      return readMarks(path)
    }
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
