import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { appendFile, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Log } from '../../lib/log.ts'
import type { EventTable } from '../sqlite/event-table.ts'
import { eventLine } from './event-line.ts'

const TAIL_BYTES = 64 * 1024
const FLUSH_MS = 100
/** Bytes of refused lines that are kept in memory. */
const MAX_REFUSED = 16 * 1024 * 1024
const NOTHING = Buffer.alloc(0)

/**
 * `live/events.log`: the NDJSON mirror of the running day's events, for people and for tools that tail it. The table is
 * the truth. Lines are appended after commit without a sync, so a crash may tear the end; opening cuts a torn line off
 * and appends what the table has beyond it, so that the two never disagree for long.
 */
export class EventMirror {
  readonly #folder: string
  readonly #path: string
  readonly #branchId: string
  readonly #moduleId: string
  readonly #log: Log
  #pending: Buffer[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #lastSeq = 0
  /** Bytes that are surely in the file. */
  #size = 0
  /** Lines that the disk refused. */
  #refused: Buffer = NOTHING
  /** Too much was refused: nothing more is written until the file is opened anew. */
  #isIncomplete = false

  constructor(moduleFolder: string, branchId: string, moduleId: string, log: Log) {
    this.#folder = moduleFolder
    this.#path = join(moduleFolder, 'live', 'events.log')
    this.#branchId = branchId
    this.#moduleId = moduleId
    this.#log = log
  }

  /** Completes the file from the table. `liveFrom` is the first position of the running day. */
  open(events: EventTable, liveFrom: number, headSeq: number): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    let last = this.#repairEnd()
    if (last > headSeq || (last > 0 && last < liveFrom - 1)) {
      // The file belongs to another history: a restored database, or a rotation that was cut short.
      this.#setAside()
      last = 0
    }
    let after = Math.max(last, liveFrom - 1)
    for (;;) {
      const rows = events.readAfter(after, 1000)
      if (rows.length === 0) break
      const text = rows.map((row) => eventLine(row, this.#branchId, this.#moduleId)).join('')
      writeFileSync(this.#path, text, { flag: 'a' })
      after = rows.at(-1)!.seq
    }
    this.#lastSeq = after
    this.#size = sizeOf(this.#path)
  }

  append(seq: number, line: Buffer): void {
    if (seq <= this.#lastSeq) return
    this.#lastSeq = seq
    this.#pending.push(line)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS)
  }

  /** Writes what waits. A failing disk costs the mirror only: what it refused is tried again with the next lines. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pending.length === 0 && this.#refused.length === 0) return this.#writing
    const lines = Buffer.concat(this.#pending)
    this.#pending = []
    this.#writing = this.#writing.then(() => this.#write(lines))
    return this.#writing
  }

  async #write(lines: Buffer): Promise<void> {
    if (this.#isIncomplete) return
    const isRetry = this.#refused.length > 0
    const all = isRetry ? Buffer.concat([this.#refused, lines]) : lines
    try {
      // A refused write may have left a part of itself.
      if (isRetry && sizeOf(this.#path) > this.#size) await truncate(this.#path, this.#size)
      await appendFile(this.#path, all)
      this.#size += all.length
      this.#refused = NOTHING
    } catch (error) {
      const about = { branchId: this.#branchId, moduleId: this.#moduleId, error }
      if (!isRetry) this.#log.error('event-mirror-failed', about)
      this.#refused = all
      if (all.length < MAX_REFUSED) return
      // Later lines would leave a hole that the next opening does not see.
      this.#log.error('event-mirror-stopped', about)
      this.#refused = NOTHING
      this.#isIncomplete = true
    }
  }

  /** Moves the day's file into `history/events/{day}.log`; a second rotation of the same day is appended to it. */
  async rotate(day: string): Promise<string | null> {
    await this.flush()
    this.#size = 0
    this.#isIncomplete = false
    return this.#moveTo(join(this.#folder, 'history', 'events', `${day}.log`))
  }

  writeMeta(meta: JsonObject): void {
    const path = join(this.#folder, 'live', 'events.meta.json')
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.new`, `${JSON.stringify(meta, null, 2)}\n`)
      renameSync(`${path}.new`, path)
    } catch (error) {
      this.#log.warn('event-meta-failed', { branchId: this.#branchId, moduleId: this.#moduleId, error })
    }
  }

  #moveTo(target: string): string | null {
    if (!existsSync(this.#path)) return null
    mkdirSync(dirname(target), { recursive: true })
    if (existsSync(target)) appendWholeFile(this.#path, target)
    else renameSync(this.#path, target)
    return target
  }

  #setAside(): void {
    this.#moveTo(
      join(this.#folder, 'history', 'events', `superseded-${new Date().toISOString().replace(/[:.]/g, '-')}.log`),
    )
  }

  /** Cuts a torn last line off and returns the position of the last whole one, 0 for an empty file. */
  #repairEnd(): number {
    if (!existsSync(this.#path)) return 0
    const file = openSync(this.#path, 'r+')
    try {
      const size = fstatSync(file).size
      const end = lastLineEnd(file, size)
      if (end < size) ftruncateSync(file, end)
      return end === 0 ? 0 : sequenceOf(readLineBefore(file, end))
    } finally {
      closeSync(file)
    }
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

function lastLineEnd(file: number, size: number): number {
  const buffer = Buffer.alloc(TAIL_BYTES)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES)
    const read = readSync(file, buffer, 0, end - start, start)
    const newline = buffer.subarray(0, read).lastIndexOf(10)
    if (newline >= 0) return start + newline + 1
    end = start
  }
  return 0
}

function readLineBefore(file: number, end: number): string {
  const start = lastLineEnd(file, end - 1)
  const buffer = Buffer.alloc(end - start)
  readSync(file, buffer, 0, buffer.length, start)
  return buffer.toString('utf8')
}

/** The position in a mirror line; 0 for a line that is not one of ours. */
function sequenceOf(line: string): number {
  try {
    const { sequence } = JSON.parse(line) as { sequence?: unknown }
    return typeof sequence === 'number' ? sequence : 0
  } catch {
    // Not JSON: the file is not ours to continue.
    return 0
  }
}

function appendWholeFile(source: string, target: string): void {
  const input = openSync(source, 'r')
  const output = openSync(target, 'a')
  try {
    const buffer = Buffer.alloc(1024 * 1024)
    for (let read = readSync(input, buffer); read > 0; read = readSync(input, buffer))
      writeSync(output, buffer, 0, read)
  } finally {
    closeSync(input)
    closeSync(output)
  }
  rmSync(source)
}
