import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, fsync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { RecordRef } from '../../../src-shared/protocol/records.ts'
import type { RecordPass } from '../types.ts'
import { makeFolderDurably, syncFolder } from './durable-file.ts'

/** What stands before the records of an archive; enough for a list of archives. */
export interface ArchiveHead {
  id: string
  type: 'purge' | 'reset' | 'snapshot'
  branchId: string
  moduleId: string
  /** What a person called it; snapshots only. */
  name?: string
  createdAt: string
  reason: string | null
  requestedBy: string | null
  /** The module's position at the moment whose state this is. */
  epoch: number
  seq: number
  /** The same as `seq`: the module's version before the records were removed. */
  originalVersion: number
  clearedTables?: string[]
  totalRecords: number
  summary: TableSample[]
  /** Secret fields were removed: a copy for people, never to be restored from. */
  isPublic?: boolean
}

export interface TableSample {
  name: string
  count: number
  /** The first records, at most five. */
  sample: RecordRef[]
}

/** What stands before the records of one table. */
export interface ArchiveTable extends TableSample {
  primaryKeyFields: string[]
  isSingleton: boolean
  /** Every spelling of the fields that must not leave the server, as the schema was then. */
  secretKeys: string[]
}

/** An archive as it is read, piece by piece. */
export type ArchivePiece =
  | { kind: 'head'; head: ArchiveHead }
  | { kind: 'table'; table: ArchiveTable }
  | { kind: 'record'; text: string }

const CHUNK_BYTES = 256 * 1024
const CHECKSUM = /^"checksum":"sha256:([0-9a-f]{64})"\}$/
const fsyncAsync = promisify(fsync)

/**
 * Writes an archive: one valid JSON document in which every record stands on a line of its own, so that files of any
 * size are written and read in the memory of one chunk.
 *
 *     {"id":…,"summary":[…],"tables":[
 *     {"name":"order_line","count":2,…,"records":[
 *     {…},
 *     {…}
 *     ]},
 *     …
 *     ],
 *     "checksum":"sha256:…"}
 *
 * The checksum covers every byte before its own line. The file is made under another name and gets its own only once
 * it is synced: an archive that can be seen is whole. It holds secret fields, so only its owner may read it.
 */
export class ArchiveWriter {
  readonly path: string
  readonly #partial: string
  readonly #hash = createHash('sha256')
  readonly #lines = new LineEnds()
  #handle: number | undefined
  #pending: string[] = []
  #pendingBytes = 0

  constructor(path: string, head: ArchiveHead) {
    this.path = path
    this.#partial = `${path}.partial`
    makeFolderDurably(dirname(path))
    this.#handle = openSync(this.#partial, 'w', 0o600)
    this.#write(this.#lines.head(head))
  }

  startTable(table: ArchiveTable): void {
    this.#write(this.#lines.startTable(table))
  }

  /** @param text - The record as JSON without line breaks, as JSON.stringify makes it. */
  addRecord(text: string): void {
    this.#write(this.#lines.record(text))
  }

  endTable(): void {
    this.#write(this.#lines.endTable())
  }

  /** Syncs off the event loop, then gives the file its name. */
  async finish(): Promise<void> {
    this.#writeEnd()
    await fsyncAsync(this.#handle!)
    this.#publish()
  }

  /** The same inside a transaction. */
  finishSync(): void {
    this.#writeEnd()
    fsyncSync(this.#handle!)
    this.#publish()
  }

  /** Leaves nothing behind; may follow any failure. */
  abort(): void {
    if (this.#handle !== undefined) closeSync(this.#handle)
    this.#handle = undefined
    rmSync(this.#partial, { force: true })
  }

  #writeEnd(): void {
    this.#write(this.#lines.endTables())
    this.#flush()
    writeSync(this.#handle!, `"checksum":"sha256:${this.#hash.digest('hex')}"}\n`)
  }

  #publish(): void {
    closeSync(this.#handle!)
    this.#handle = undefined
    renameSync(this.#partial, this.path)
    syncFolder(dirname(this.path))
  }

  #write(text: string): void {
    this.#pending.push(text)
    this.#pendingBytes += text.length
    if (this.#pendingBytes >= CHUNK_BYTES) this.#flush()
  }

  #flush(): void {
    const chunk = Buffer.from(this.#pending.join(''))
    this.#pending = []
    this.#pendingBytes = 0
    this.#hash.update(chunk)
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#handle!, chunk, at)
  }
}

/** The text of an archive's pieces, each with the line break that ends the piece before it. */
class LineEnds {
  #isFirstTable = true
  #isFirstRecord = true

  head(head: ArchiveHead): string {
    return `${JSON.stringify(head).slice(0, -1)},"tables":[`
  }

  startTable(table: ArchiveTable): string {
    const start = this.#isFirstTable ? '\n' : ',\n'
    this.#isFirstTable = false
    this.#isFirstRecord = true
    return `${start}${JSON.stringify(table).slice(0, -1)},"records":[`
  }

  record(text: string): string {
    const start = this.#isFirstRecord ? '\n' : ',\n'
    this.#isFirstRecord = false
    return start + text
  }

  endTable(): string {
    return '\n]}'
  }

  endTables(): string {
    return '\n],\n'
  }
}

/** Only the head: one read of the first line. Undefined for a file that is not one of ours. */
export function readArchiveHead(path: string): ArchiveHead | undefined {
  const handle = openSync(path, 'r')
  try {
    const lines = new LineReader(handle)
    const first = lines.next()
    return first === undefined ? undefined : parseOpenLine<ArchiveHead>(first, '"tables":[')
  } finally {
    closeSync(handle)
  }
}

/**
 * Reads an archive in order, in the memory of one chunk, checking its form as it goes and its checksum at the end.
 * Whoever acts on the pieces before the end must be able to take it back.
 *
 * @throws AppError `backup-invalid` with the file, the line and what is wrong with it.
 */
export function* readArchive(path: string): Generator<ArchivePiece, void, undefined> {
  const handle = openSync(path, 'r')
  try {
    yield* readPieces(new LineReader(handle), path)
  } finally {
    closeSync(handle)
  }
}

function* readPieces(lines: LineReader, path: string): Generator<ArchivePiece, void, undefined> {
  const fail = (problem: string): AppError => damaged(path, lines.number, problem)
  const next = (): string => {
    const line = lines.next()
    if (line === undefined) throw fail('the file ends too early')
    return line
  }
  const head = parseOpenLine<ArchiveHead>(next(), '"tables":[')
  if (!head || typeof head.totalRecords !== 'number') throw fail('it does not begin like an archive')
  yield { kind: 'head', head }
  let total = 0
  for (let line = next(); line !== '],'; line = next()) {
    const table = parseOpenLine<ArchiveTable>(line, '"records":[')
    if (!table || typeof table.count !== 'number') throw fail('a table was expected')
    yield { kind: 'table', table }
    let count = 0
    let record = next()
    for (; record !== ']}' && record !== ']},'; record = next()) {
      if (!record.startsWith('{')) throw fail('a record was expected')
      count++
      yield { kind: 'record', text: record.endsWith(',') ? record.slice(0, -1) : record }
    }
    if (count !== table.count) throw fail(`${table.name} says ${table.count} records and holds ${count}`)
    total += count
  }
  if (total !== head.totalRecords) throw fail(`it says ${head.totalRecords} records and holds ${total}`)
  const expected = lines.digest()
  const checksum = CHECKSUM.exec(next())?.[1]
  if (checksum !== expected) throw fail('its checksum does not fit')
  if (lines.next() !== undefined) throw fail('something follows its end')
}

/** The archive in full, without what must not leave the server. For small archives: it is held in memory. */
export function readPublicArchive(
  path: string,
  secretKeysOf: (table: string) => readonly string[],
  pass?: RecordPass,
): JsonObject {
  return JSON.parse([...publicLines(path, secretKeysOf, pass)].join('')) as JsonObject
}

/**
 * Chunks of the file as it may leave the server: secret fields removed, with a checksum of its own.
 *
 * @param pass - What the reader sees of each record. Samples of records are left out then.
 */
export function* publicLines(
  path: string,
  secretKeysOf: (table: string) => readonly string[],
  pass?: RecordPass,
): Generator<string, void, undefined> {
  const lines = new LineEnds()
  const hash = createHash('sha256')
  const send = (text: string): string => {
    hash.update(text)
    return text
  }
  let secretKeys: readonly string[] = []
  let table = ''
  let isInTable = false
  const withoutSample = <T extends TableSample>(sample: T): T => (pass ? { ...sample, sample: [] } : sample)
  for (const piece of readArchive(path)) {
    if (piece.kind === 'head') {
      const { head } = piece
      yield send(lines.head({ ...head, summary: head.summary.map(withoutSample), isPublic: true }))
    } else if (piece.kind === 'record') {
      const text = withoutKeys(piece.text, secretKeys)
      const passed = pass ? pass(table, text) : text
      if (passed !== undefined) yield send(lines.record(passed))
    } else {
      if (isInTable) yield send(lines.endTable())
      isInTable = true
      table = piece.table.name
      secretKeys = [...new Set([...piece.table.secretKeys, ...secretKeysOf(piece.table.name)])]
      yield send(lines.startTable(withoutSample(piece.table)))
    }
  }
  yield send((isInTable ? lines.endTable() : '') + lines.endTables())
  yield `"checksum":"sha256:${hash.digest('hex')}"}\n`
}

function withoutKeys(text: string, keys: readonly string[]): string {
  if (keys.length === 0) return text
  const record = JSON.parse(text) as JsonObject
  for (const key of keys) delete record[key]
  return JSON.stringify(record)
}

/** A line that opens a list: what stands before it is an object of its own. */
function parseOpenLine<Shape>(line: string, opening: string): Shape | undefined {
  if (!line.startsWith('{') || !line.endsWith(`,${opening}`)) return undefined
  try {
    return JSON.parse(`${line.slice(0, -opening.length - 1)}}`) as Shape
  } catch {
    // The caller says what was expected here.
    return undefined
  }
}

/** Lines of a file, read in chunks; hashes what it gave out. */
class LineReader {
  number = 0
  readonly #handle: number
  readonly #size: number
  readonly #hash: Hash = createHash('sha256')
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)
  #buffer: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(handle: number) {
    this.#handle = handle
    this.#size = fstatSync(handle).size
  }

  /** The next line without its break; undefined at the end. A last line without a break is torn and is not given. */
  next(): string | undefined {
    let end = this.#buffer.indexOf(10)
    while (end < 0) {
      const searched = this.#buffer.length
      if (!this.#fill()) return undefined
      end = this.#buffer.indexOf(10, searched)
    }
    const line = this.#buffer.subarray(0, end)
    this.#hash.update(this.#buffer.subarray(0, end + 1))
    this.#buffer = this.#buffer.subarray(end + 1)
    this.number++
    return line.toString('utf8')
  }

  /** SHA-256 of everything given out so far. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  #fill(): boolean {
    if (this.#position >= this.#size) return false
    const read = readSync(this.#handle, this.#chunk, 0, CHUNK_BYTES, this.#position)
    if (read === 0) return false
    this.#position += read
    this.#buffer = Buffer.concat([this.#buffer, this.#chunk.subarray(0, read)])
    return true
  }
}

function damaged(path: string, line: number, problem: string): AppError {
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return new AppError('backup-invalid', `The archive ${file} is damaged at line ${line}: ${problem}.`, {
    details: { file, line, problem },
    hint: 'Nothing was changed. Take the archive from a backup of the data folder.',
  })
}
