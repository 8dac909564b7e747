import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { ModuleStore, SnapshotBuffers } from '../../store/api.ts'
import { headersOf, JSON_TYPE } from './answer.ts'
import type { Call } from './call.ts'
import { createCompressor, type Encoding, encodingFor } from './compression.ts'
import { positionTag } from './position-tag.ts'

/** So much is handed to the socket before waiting until it has taken it. */
const HAND_OVER_BYTES = 4 * 1024 * 1024

/** A strong validator: two snapshots at the same position hold the same records. */
export function snapshotEtag(module: ModuleStore, position: { epoch: number; seq: number }): string {
  return `"${positionTag(module, position)}"`
}

/** The text of a ModuleSnapshot in pieces. The records come from the store's shared buffers and are not copied. */
export function* snapshotPieces(module: ModuleStore, snapshot: SnapshotBuffers): Generator<Buffer> {
  const head = JSON.stringify({ moduleId: module.moduleId, branchId: module.branchId, version: snapshot.seq })
  let text = `${head.slice(0, -1)},"tables":{`
  let isFirst = true
  for (const table of snapshot.tables) {
    text += `${isFirst ? '' : ','}${JSON.stringify(table.name)}:${table.isSingleton ? '' : '['}`
    isFirst = false
    let isFirstChunk = true
    for (const chunk of table.chunks) {
      yield Buffer.from(isFirstChunk ? text : ',')
      isFirstChunk = false
      text = ''
      yield chunk
    }
    if (table.isSingleton) text += table.chunks.length === 0 ? '{}' : ''
    else text += ']'
  }
  yield Buffer.from(`${text}},"meta":${JSON.stringify(snapshot.meta)}}`)
}

/** One value inside a snapshot as pieces: a table's array, or undefined when the module has no such table. */
export function tablePieces(snapshot: SnapshotBuffers, name: string): Buffer[] | undefined {
  const table = snapshot.tables.find((candidate) => candidate.name === name)
  if (!table) return undefined
  if (table.isSingleton) return table.chunks.length === 0 ? [Buffer.from('{}')] : table.chunks
  const pieces = table.chunks.flatMap((chunk, index) => (index === 0 ? [chunk] : [Buffer.from(','), chunk]))
  return [Buffer.from('['), ...pieces, Buffer.from(']')]
}

/** Compressed once a snapshot and encoding, however many tablets ask after a power cut. */
const compressedSnapshots = new WeakMap<SnapshotBuffers, Map<Encoding, Promise<Buffer[]>>>()

/** Answers with the module's snapshot, 304 when the caller has it. */
export async function sendSnapshot(call: Call, module: ModuleStore): Promise<void> {
  const { epoch, seq } = module.head()
  if (call.isFresh(snapshotEtag(module, { epoch, seq }))) return
  const snapshot = module.snapshot()
  const etag = snapshotEtag(module, snapshot)
  const encoding = encodingFor(call.request)
  if (encoding === undefined) return sendPieces(call, snapshotPieces(module, snapshot), { etag })
  const known = compressedSnapshots.get(snapshot) ?? new Map<Encoding, Promise<Buffer[]>>()
  compressedSnapshots.set(snapshot, known)
  const pieces = known.get(encoding) ?? compressPieces(snapshotPieces(module, snapshot), encoding)
  known.set(encoding, pieces)
  return sendPieces(call, await pieces, { etag, encoding })
}

async function compressPieces(pieces: Iterable<Buffer>, encoding: Encoding): Promise<Buffer[]> {
  const result: Buffer[] = []
  await pipeline(Readable.from(pieces), createCompressor(encoding), async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) result.push(chunk)
  })
  return result
}

interface PiecesOptions {
  etag?: string
  encoding?: Encoding
}

/** Writes pieces one after the other and waits whenever the socket is full. A closed connection ends it quietly. */
export async function sendPieces(call: Call, pieces: Iterable<Buffer>, options: PiecesOptions = {}): Promise<void> {
  const { response } = call
  const headers = ['Vary', 'Accept-Encoding, Origin']
  if (options.etag) headers.push('ETag', options.etag)
  const compressor = options.encoding || call.request.method === 'HEAD' ? undefined : encodingFor(call.request)
  const encoding = options.encoding ?? compressor
  if (encoding) headers.push('Content-Encoding', encoding)
  const cache = options.etag ? 'private, no-cache' : 'no-store'
  if (compressor) {
    call.response.writeHead(200, headersOf({ type: JSON_TYPE, cache, headers }, call.common))
    await pipeline(Readable.from(pieces), createCompressor(compressor), call.response)
    return
  }
  // References to the store's shared buffers: the list costs nothing, and its length saves the framing of every piece.
  const list = Array.isArray(pieces) ? (pieces as Buffer[]) : [...pieces]
  headers.push('Content-Length', String(list.reduce((sum, piece) => sum + piece.length, 0)))
  response.writeHead(200, headersOf({ type: JSON_TYPE, cache, headers }, call.common))
  if (call.request.method !== 'HEAD') await writePieces(response, list)
  response.end()
}

/** Hands over some megabytes at a time, so that a snapshot costs few turns and a slow reader holds little. */
async function writePieces(response: ServerResponse, pieces: readonly Buffer[]): Promise<void> {
  response.cork()
  for (const piece of pieces) {
    if (response.destroyed) return
    response.write(piece)
    if (response.writableLength < HAND_OVER_BYTES) continue
    response.uncork()
    if (response.writableNeedDrain) await drained(response)
    response.cork()
  }
  response.uncork()
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

/**
 * The snapshot in another language: records of tables that have translations are parsed, overlaid and written again, all
 * others pass as they are.
 */
export function translatedPieces(module: ModuleStore, language: string, fallback: string | undefined): Buffer[] {
  const translations = module.translations(language, fallback)
  const snapshot = module.snapshot()
  const tables = snapshot.tables.map((table) => {
    const texts = translations.get(table.name)
    if (!texts || texts.size === 0 || table.isSingleton || table.chunks.length === 0) return table
    const [open = Buffer.alloc(0), ...rest] = tablePieces(snapshot, table.name) ?? []
    const records = JSON.parse(Buffer.concat([open, ...rest]).toString('utf8')) as JsonObject[]
    const chunk = records.map((record) => JSON.stringify(overlay(record, texts))).join(',')
    return { ...table, chunks: [Buffer.from(chunk)] }
  })
  return [...snapshotPieces(module, { ...snapshot, tables })]
}

/** The record with the translated fields in place of its own. */
export function overlay(record: JsonObject, texts: ReadonlyMap<string, Record<string, JsonValue>>): JsonObject {
  const translated = texts.get(String(record.id))
  return translated ? { ...record, ...translated } : record
}
