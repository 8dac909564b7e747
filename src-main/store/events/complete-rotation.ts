import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { EventTable } from '../sqlite/event-table.ts'
import { eventLine } from './event-line.ts'

const EDGE_BYTES = 1024 * 1024

interface MirrorLine {
  sequence: number
  createdAt: string
  /** Where the line ends in the file. */
  end: number
}

export interface RotationInput {
  branchId: string
  moduleId: string
  /** `<branch>/modules/{module}`. */
  folder: string
  events: EventTable
  /** The first position of the running day, as the database has it. */
  liveFrom: number
  /** The business day of an instant. */
  dayOf(iso: string): string
}

/**
 * Moves a mirror whose day was already over when the process died: the database says that the running day begins at
 * `liveFrom`, and the file ends before it. Lines that the crash cost are completed from the table. Call it before the
 * mirror is opened.
 *
 * @returns The file that the lines are in now, null when there was nothing to do.
 */
export function completeRotation(input: RotationInput): string | null {
  const { branchId, moduleId, folder, events, liveFrom, dayOf } = input
  const path = join(folder, 'live', 'events.log')
  if (!existsSync(path)) return null
  const last = lastLine(path)
  if (!last || last.sequence >= liveFrom) return null
  truncateSync(path, last.end)
  for (let after = last.sequence; after < liveFrom - 1; ) {
    const rows = events.readAfter(after, Math.min(1000, liveFrom - 1 - after))
    if (rows.length === 0) break
    writeFileSync(path, rows.map((row) => eventLine(row, branchId, moduleId)).join(''), { flag: 'a' })
    after = rows.at(-1)!.seq
  }
  const days = join(folder, 'history', 'events')
  mkdirSync(days, { recursive: true })
  const target = join(days, `${dayOf(last.createdAt)}.log`)
  if (!existsSync(target)) {
    renameSync(path, target)
    return target
  }
  writeFileSync(target, readFileSync(path), { flag: 'a' })
  rmSync(path)
  return target
}

/** The last whole line; undefined when there is none or it is not one of ours. */
function lastLine(path: string): MirrorLine | undefined {
  const { bytes, start } = readEnd(path)
  const end = bytes.lastIndexOf(10)
  if (end < 0) return undefined
  const line = bytes.subarray(end === 0 ? 0 : bytes.lastIndexOf(10, end - 1) + 1, end).toString('utf8')
  try {
    const { sequence, createdAt } = JSON.parse(line) as Partial<MirrorLine>
    if (typeof sequence !== 'number' || typeof createdAt !== 'string') return undefined
    return { sequence, createdAt, end: start + end + 1 }
  } catch {
    // Not JSON: the mirror itself decides what to do with such a file.
    return undefined
  }
}

/** The last MiB: more than the longest event line. */
function readEnd(path: string): { bytes: Buffer; start: number } {
  const handle = openSync(path, 'r')
  try {
    const { size } = fstatSync(handle)
    const start = Math.max(0, size - EDGE_BYTES)
    const bytes = Buffer.alloc(size - start)
    readSync(handle, bytes, 0, bytes.length, start)
    return { bytes, start }
  } finally {
    closeSync(handle)
  }
}
